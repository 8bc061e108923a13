#include "bench/process.hpp"

#include "bench/clock.hpp"
#include "bench/peer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace cafbus::bench {

namespace {

constexpr uint64_t stop_patience_ns = 5'000'000'000;
constexpr uint64_t exit_poll_ns = 1'000'000;
constexpr uint64_t file_patience_ns = 10'000'000'000;

/// The number that follows `key` in a file of /proc; 0 if it is not there.
uint64_t number_after(const std::string& text, const std::string& key) {
  auto at = text.find(key);
  if (at == std::string::npos)
    return 0;
  at = text.find_first_of("0123456789", at + key.size());
  uint64_t result = 0;
  if (at != std::string::npos)
    std::from_chars(text.data() + at, text.data() + text.size(), result);
  return result;
}

} // namespace

child::child(const std::vector<std::string>& command, const std::string& log) {
  std::vector<char*> arguments;
  for (const auto& x : command)
    arguments.push_back(const_cast<char*>(x.c_str()));
  arguments.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ != 0)
    return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  auto in = ::open("/dev/null", O_RDONLY);
  auto out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

child::child(child&& other) noexcept : pid_{std::exchange(other.pid_, 0)} {}

child& child::operator=(child&& other) noexcept {
  std::swap(pid_, other.pid_);
  return *this;
}

child::~child() {
  stop();
}

bool child::alive() {
  if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_)
    pid_ = 0;
  return pid_ > 0;
}

void child::stop() {
  if (!alive())
    return;
  ::kill(pid_, SIGTERM);
  for (auto end = now_ns() + stop_patience_ns; alive() && now_ns() < end;)
    sleep_until(now_ns() + exit_poll_ns);
  if (!alive())
    return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

uint64_t cpu_ns(pid_t pid) {
  clockid_t clock{};
  timespec x{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &x) != 0)
    return 0;
  return static_cast<uint64_t>(x.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(x.tv_nsec);
}

memory memory_of(pid_t pid) {
  auto text = read_file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  return {number_after(text, "\nRss:") * 1'024, number_after(text, "\nPss:") * 1'024};
}

uint64_t context_switches(pid_t pid) {
  uint64_t result = 0;
  std::error_code ignored;
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", ignored)) {
    auto text = read_file(task.path() / "status");
    result += number_after(text, "\nvoluntary_ctxt_switches:") + number_after(text, "\nnonvoluntary_ctxt_switches:");
  }
  return result;
}

uint64_t page_faults(pid_t pid) {
  auto text = read_file("/proc/" + std::to_string(pid) + "/stat");
  std::istringstream fields{text.substr(std::min(text.rfind(')') + 1, text.size()))}; // the name may hold anything
  std::string state;
  uint64_t minor = 0;
  uint64_t of_children = 0;
  uint64_t major = 0;
  int64_t number = 0;
  fields >> state;
  for (int i = 0; i < 6; ++i) // parent, group, session, terminal, its group, flags
    fields >> number;
  fields >> minor >> of_children >> major;
  return minor + major;
}

noise noise_now() {
  noise result;
  std::istringstream{read_file("/proc/loadavg")} >> result.load;
  std::istringstream all{read_file("/proc/stat")};
  std::string name;
  std::array<double, 8> ticks{}; // the last one was stolen
  all >> name;
  for (auto& x : ticks)
    all >> x;
  result.stolen = ticks.back() / static_cast<double>(::sysconf(_SC_CLK_TCK));
  return result;
}

std::string await_file(const std::string& path) {
  for (auto end = now_ns() + file_patience_ns; now_ns() < end; sleep_until(now_ns() + exit_poll_ns))
    if (auto text = read_file(path); !text.empty())
      return text;
  throw bench_error{path + " does not come"};
}

std::string find_program(const std::string& name) {
  const auto* path = ::getenv("PATH");
  std::istringstream folders{std::string{path ? path : ""} + ":/usr/sbin:/usr/local/sbin"};
  for (std::string folder; std::getline(folders, folder, ':');)
    if (auto file = folder + '/' + name; ::access(file.c_str(), X_OK) == 0)
      return file;
  return {};
}

std::string own_path() {
  return std::filesystem::read_symlink("/proc/self/exe");
}

std::string cafbus_path() {
  const auto folder = std::filesystem::path{own_path()}.parent_path();
  for (const char* place : {"cafbus", "../../bin/cafbus"})
    if (auto path = folder / place; ::access(path.c_str(), X_OK) == 0)
      return path;
  throw bench_error{"the program cafbus is not beside " + own_path()};
}

std::string read_file(const std::string& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

} // namespace cafbus::bench
