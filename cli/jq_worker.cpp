#include "cli/jq_worker.hpp"

#include "base/deadline.hpp"
#include "cli/jq_process.hpp"
#include "cli/jq_wire.hpp"
#include "config/duration.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

// libjq is not made to be interrupted, and some programs make it end the process: it aborts where it gets no memory,
// and `reduce range(40) as $i ("12345678"; . + .)` has crashed it. A thread could be neither stopped nor survived; a
// process can be both, for two messages through a socket per event.

namespace cafbus {

namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

/// A program is compiled in some 50 ms; one with many modules may take longer.
constexpr auto compile_timeout = 10s;

std::string how_it_ended(int status) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == jq_out_of_memory)
    return "the program needs more than " + std::to_string(max_jq_memory_bytes >> 20) + " MiB of memory";
  if (WIFSIGNALED(status))
    return std::string{"jq crashed: "} + ::strsignal(WTERMSIG(status));
  return "jq ended";
}

} // namespace

jq_worker::jq_worker(jq_options options, nanoseconds limit) : options_(std::move(options)), limit_(limit) {}

jq_worker::~jq_worker() {
  if (process_.id > 0)
    reap();
}

result<jq_worker> jq_worker::start(jq_options options, nanoseconds limit) {
  jq_worker x{std::move(options), limit};
  if (auto spawned = x.spawn(); !spawned)
    return spawned.error();
  if (auto compiled = x.await_compiled(); !compiled)
    return compiled.error();
  return x;
}

result<void> jq_worker::spawn() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return errno_failure("cannot make a socket for jq");
  unique_fd ours{ends[0]};
  unique_fd theirs{ends[1]};
  const auto parent = ::getpid();
  const auto pid = ::fork();
  if (pid < 0)
    return errno_failure("cannot start a process for jq");
  if (pid == 0)
    run_jq_process(options_, theirs.get(), parent);
  process_.id = pid;
  socket_ = std::move(ours);
  compiled_ = false;
  reply_.clear();
  return {};
}

result<void> jq_worker::await_compiled() {
  for (deadline until{compile_timeout}; !compiled_;) {
    if (wait_for(fd(), POLLIN, until) <= 0)
      return failure{failure_kind::timed_out, "jq has not compiled it in " + to_text(compile_timeout)};
    if (!receive())
      return failure{failure_kind::invalid, reap()};
    if (auto content = complete_message(reply_)) {
      auto outcome = decode_outcome(*content);
      if (!outcome || !outcome->error.empty())
        return failure{failure_kind::invalid, outcome ? outcome->error : "jq ended"};
      compiled_ = true;
      reply_.clear();
    }
  }
  return {};
}

void jq_worker::submit(std::string_view json) {
  request_ = encode_message(json);
  sent_ = 0;
  busy_ = true;
  hurried_ = false;
  due_.reset();
  if (limit_ != 0ns)
    due_ = clock::now() + std::chrono::duration_cast<clock::duration>(limit_);
  if (process_.id == 0) [[maybe_unused]]
    auto spawned = spawn(); // if not, `send` finds no socket
  send();
}

short jq_worker::events() const noexcept {
  return static_cast<short>(POLLIN | (sent_ < request_.size() ? POLLOUT : 0));
}

/// @returns false if the process is gone.
bool jq_worker::send() {
  while (sent_ < request_.size()) {
    auto n = ::send(fd(), request_.data() + sent_, request_.size() - sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0)
      sent_ += static_cast<size_t>(n);
    else if (n < 0 && errno == EAGAIN)
      return true;
    else if (n >= 0 || errno != EINTR)
      return false;
  }
  return true;
}

/// @returns false if the process is gone, and all that it has said was read.
bool jq_worker::receive() {
  std::array<char, 64 * 1'024> buffer;
  for (;;) {
    auto n = ::recv(fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n > 0)
      reply_.append(buffer.data(), static_cast<size_t>(n));
    else if (n < 0 && errno == EAGAIN)
      return true;
    else if (n >= 0 || errno != EINTR)
      return false;
    if (n > 0 && static_cast<size_t>(n) < buffer.size())
      return true;
  }
}

/// A process that was started for this event says first that it has compiled the program, which is known.
std::optional<jq_outcome> jq_worker::take_reply() {
  for (;;) {
    auto content = complete_message(reply_);
    if (!content)
      return std::nullopt;
    auto outcome = decode_outcome(*content);
    if (!outcome)
      return give_up("jq answered what cannot be read");
    reply_.erase(0, sizeof(uint32_t) + content->size());
    if (std::exchange(compiled_, true)) {
      busy_ = false;
      due_.reset();
      return outcome;
    }
    if (!outcome->error.empty())
      return give_up(outcome->error);
  }
}

std::optional<jq_outcome> jq_worker::step() {
  if (!busy_)
    return std::nullopt;
  auto alive = send();
  alive = receive() && alive;
  if (auto outcome = take_reply())
    return outcome;
  if (!alive)
    return give_up({});
  if (due_ && clock::now() >= *due_)
    return give_up(hurried_ ? "it was ended with this run" : "it took longer than " + to_text(limit_));
  return std::nullopt;
}

std::optional<jq_outcome> jq_worker::wait(nanoseconds patience) {
  deadline until{patience};
  for (;;) {
    if (auto outcome = step(); outcome || !busy_ || until.is_over())
      return outcome;
    auto left = due_ ? std::min<nanoseconds>(until.left(), *due_ - clock::now()) : until.left();
    wait_for(fd(), events(), deadline{left});
  }
}

void jq_worker::hurry(nanoseconds patience) {
  auto until = clock::now() + std::chrono::duration_cast<clock::duration>(patience);
  if (!busy_ || (due_ && *due_ <= until))
    return;
  due_ = until;
  hurried_ = true;
}

/// The event has failed, and the next one gets a new process. @param why Empty: the process tells.
jq_outcome jq_worker::give_up(std::string why) {
  auto end = process_.id > 0 ? reap() : "no process can be started for jq";
  busy_ = false;
  due_.reset();
  return {{}, why.empty() ? end : why};
}

/// Ends the process, if it has not ended. @returns how it has.
std::string jq_worker::reap() {
  ::kill(process_.id, SIGKILL); // no matter if it is about to end by itself: the first reason counts
  int status = 0;
  while (::waitpid(process_.id, &status, 0) < 0 && errno == EINTR)
    ;
  process_.id = 0;
  socket_.reset();
  reply_.clear();
  return how_it_ended(status);
}

} // namespace cafbus
