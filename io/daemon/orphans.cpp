#include "io/daemon/orphans.hpp"

#include "base/deadline.hpp"
#include "base/unique_fd.hpp"
#include "config/defaults.hpp"
#include "config/log.hpp"

#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <spdlog/logger.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace cafbus {

namespace {

constexpr const char* variable_name = "CAFBUS_DAEMON=";
constexpr size_t most_environment = 256 * 1'024;

std::string read_start(const std::string& path, size_t most) {
  unique_fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  std::string result(most, '\0');
  size_t size = 0;
  while (fd && size < most) {
    auto n = ::read(fd.get(), result.data() + size, most - size);
    if (n <= 0)
      break;
    size += static_cast<size_t>(n);
  }
  result.resize(size);
  return result;
}

/// The session in /proc/PID/stat: "PID (NAME) STATE PARENT GROUP SESSION ...".
long session_in(const std::string& folder) {
  auto stat = read_start(folder + "/stat", 1'024);
  long session = -1;
  if (auto name = stat.rfind(')'); name != std::string::npos)
    std::sscanf(stat.c_str() + name + 1, " %*c %*d %*d %ld", &session);
  return session;
}

bool has_mark(const std::string& folder, const std::string& variable) {
  auto environment = '\0' + read_start(folder + "/environ", most_environment) + '\0';
  return environment.find('\0' + variable + '\0') != std::string::npos;
}

/// Descriptors of the marked processes: each is held before it is looked at, so that no number can change hands.
std::vector<unique_fd> find_marked(const std::string& variable, long session) {
  std::vector<unique_fd> result;
  std::error_code error;
  for (std::filesystem::directory_iterator i{"/proc", error}, end; !error && i != end; i.increment(error)) {
    auto folder = i->path().string();
    auto pid = std::atoi(i->path().filename().c_str());
    struct stat info {};
    if (pid <= 1 || pid == ::getpid() || ::stat(folder.c_str(), &info) != 0 || info.st_uid != ::geteuid())
      continue;
    unique_fd process{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
    if (process && session_in(folder) == session && has_mark(folder, variable))
      result.push_back(std::move(process));
  }
  return result;
}

/// Sends it to each, and waits until they have ended, for a limited time.
void end_by(int signal, const std::vector<unique_fd>& processes) {
  for (const auto& x : processes)
    ::syscall(SYS_pidfd_send_signal, x.get(), signal, nullptr, 0);
  deadline until{defaults::source_kill_after};
  for (const auto& x : processes)
    wait_for(x.get(), POLLIN, until);
}

void end(const std::string& variable, long session) {
  auto processes = find_marked(variable, session);
  if (processes.empty())
    return;
  log::bus().warn("orphans-ended processes={}", processes.size());
  end_by(SIGTERM, processes);
  end_by(SIGKILL, find_marked(variable, session));
}

std::string random_text() {
  std::array<uint64_t, 2> number{};
  if (::getrandom(number.data(), sizeof(number), 0) != sizeof(number))
    return {};
  char text[33];
  std::snprintf(text, sizeof(text), "%016" PRIx64 "%016" PRIx64, number[0], number[1]);
  return text;
}

} // namespace

orphan_mark::orphan_mark(std::string path) : path_{std::move(path)} {
  char earlier[33] = "";
  long session = -1;
  if (std::sscanf(read_start(path_, 128).c_str(), "%32[0-9a-f] %ld", earlier, &session) == 2)
    end(variable_name + std::string{earlier}, session);
  ::unlink(path_.c_str());
  auto mark = random_text();
  auto line = mark + ' ' + std::to_string(::getsid(0)) + '\n';
  unique_fd fd{::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR)};
  if (!mark.empty() && fd && ::write(fd.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size()))
    variable_ = variable_name + mark;
}

void orphan_mark::remove() const {
  if (!path_.empty())
    ::unlink(path_.c_str());
}

} // namespace cafbus
