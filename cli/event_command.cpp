#include "cli/event_command.hpp"

#include "base/spawn.hpp"
#include "config/defaults.hpp"
#include "config/duration.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

// The end of a command is seen through a pidfd and not through SIGCHLD: it stands in the same poll() as all else,
// belongs to this one child, and its number cannot be reused before it is reaped, so that no signal ever meets a
// stranger.

namespace cafbus {

namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;

constexpr std::array<std::string_view, 8> variable_names{
    "CAFBUS_EVENT_TYPE=", "CAFBUS_EVENT_ID=", "CAFBUS_SEQ=",           "CAFBUS_EVENT_KEY=",
    "CAFBUS_MISSED=",     "CAFBUS_DROPPED=",  "CAFBUS_MISSED_REASON=", "CAFBUS_ATTEMPT="};
/// A killed process is gone at once, unless the kernel is stuck in it; then it is left to init.
constexpr int killed_ms = 1'000;

/// @returns 0, or why this file cannot be run.
int run_error(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || ::access(path.c_str(), X_OK) != 0)
    return errno;
  return S_ISREG(info.st_mode) ? 0 : EACCES;
}

/// An environment cannot hold a NUL; cutting the text there could make it that of another event.
void append_variable(std::string& target, std::string_view text) {
  for (auto c : text) {
    if (c == '\0')
      target += "\\u0000";
    else
      target += c;
  }
}

} // namespace

result<void> check_program(const std::string& program) {
  if (program.find('/') != std::string::npos) {
    if (auto code = run_error(program); code != 0)
      return errno_failure("cannot run " + program, code);
    return {};
  }
  const char* path = std::getenv("PATH");
  std::string_view rest = path ? path : "/bin:/usr/bin";
  for (bool more = true; more;) {
    auto end = rest.find(':');
    std::string folder{rest.substr(0, end)};
    if (run_error(folder.empty() ? program : folder + '/' + program) == 0)
      return {};
    more = end != std::string_view::npos;
    rest.remove_prefix(more ? end + 1 : 0);
  }
  return failure{failure_kind::not_found, "there is no program " + program + " in any folder of PATH"};
}

event_command::event_command(std::vector<std::string> words, std::string event_key, nanoseconds limit)
  : words_(std::move(words)), event_key_(std::move(event_key)), limit_(limit) {
  for (auto& word : words_)
    arguments_.push_back(word.data());
  arguments_.push_back(nullptr);
  environment_.resize(variables_.size());
  for (auto** x = environ; *x != nullptr; ++x)
    if (std::ranges::none_of(variable_names, [x](auto name) { return std::string_view{*x}.starts_with(name); }))
      environment_.push_back(*x);
  environment_.push_back(nullptr);
}

event_command::~event_command() {
  if (!running())
    return;
  ::kill(-pid_, SIGKILL);
  pollfd ended{end_.get(), POLLIN, 0};
  ::poll(&ended, 1, killed_ms);
  ::waitpid(pid_, nullptr, WNOHANG);
}

void event_command::set_environment(const event_frame& event, losses before) {
  auto seq = std::to_string(event.seq);
  auto missed = std::to_string(before.missed);
  auto dropped = std::to_string(before.dropped);
  auto attempt = std::to_string(event.attempt);
  std::array<std::string_view, 8> values{event.event_type, event.event_id, seq,           event_key_,
                                         missed,           dropped,        before.reason, attempt};
  for (size_t i = 0; i < variables_.size(); ++i) {
    variables_[i] = variable_names[i];
    append_variable(variables_[i], values[i]);
    environment_[i] = variables_[i].data();
  }
}

result<void> event_command::run(int input) {
  spawn_request request;
  request.program = words_[0].c_str();
  request.arguments = arguments_.data();
  request.environment = environment_.data();
  request.input = input;
  auto started = spawn(request);
  if (!started)
    return started.error();
  pid_ = started->pid;
  end_ = std::move(started->end);
  return {};
}

result<void> event_command::start(const event_frame& event, std::string_view content, losses before) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return errno_failure("cannot make a pipe for " + words_[0]);
  unique_fd theirs{ends[0]};
  input_.reset(ends[1]);
  ::fcntl(input_.get(), F_SETFL, O_NONBLOCK);
  set_environment(event, before);
  if (auto started = run(theirs.get()); !started) {
    input_.reset();
    return started;
  }
  theirs.reset(); // so that a write tells when it has stopped reading
  content_ = content;
  fed_ = 0;
  stage_ = stage::free;
  hurried_ = false;
  due_.reset();
  if (limit_ != 0ns)
    due_ = clock::now() + std::chrono::duration_cast<clock::duration>(limit_);
  feed();
  return {};
}

void event_command::feed() {
  while (fed_ < content_.size()) {
    auto n = ::write(input_.get(), content_.data() + fed_, content_.size() - fed_);
    if (n > 0)
      fed_ += static_cast<size_t>(n);
    else if (n < 0 && errno == EAGAIN)
      return;
    else if (n >= 0 || errno != EINTR)
      break; // it does not want to know: its exit status tells whether that was all right
  }
  input_.reset();
}

void event_command::on_time(clock::time_point now) {
  if (!due_ || now < *due_)
    return;
  if (stage_ == stage::free) {
    ::kill(-pid_, SIGTERM);
    ::kill(-pid_, SIGCONT); // one that is stopped could not end
    stage_ = stage::asked_to_end;
    due_ = now + defaults::exec_kill_after;
  } else {
    ::kill(-pid_, SIGKILL);
    stage_ = stage::killed;
    due_.reset();
  }
}

void event_command::hurry(nanoseconds patience) {
  if (!running() || stage_ != stage::free)
    return;
  auto until = clock::now() + std::chrono::duration_cast<clock::duration>(patience);
  if (due_ && *due_ <= until)
    return;
  due_ = until;
  hurried_ = true;
}

result<void> event_command::finish() {
  if (stage_ != stage::free)
    ::kill(-pid_, SIGKILL); // what it has started and left behind; its number is ours until waitpid
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR)
    ;
  pid_ = 0;
  end_.reset();
  input_.reset();
  due_.reset();
  if (stage_ != stage::free)
    return failure{failure_kind::timed_out,
                   std::string{hurried_ ? "it was ended with this run" : "it took longer than " + to_text(limit_)} +
                       (stage_ == stage::killed ? " and had to be killed" : "")};
  if (WIFSIGNALED(status))
    return failure{failure_kind::system, "it was killed by signal " + std::to_string(WTERMSIG(status))};
  if (WEXITSTATUS(status) != 0)
    return failure{failure_kind::system, "it ended with exit status " + std::to_string(WEXITSTATUS(status))};
  return {};
}

} // namespace cafbus
