#include "io/daemon/stopper.hpp"

#include "base/deadline.hpp"
#include "io/daemon/instance.hpp"
#include "io/daemon/instance_lock.hpp"
#include "messages/frame_codec.hpp"

#include <fcntl.h>
extern "C" { // glibc 2.36 has forgotten that
#include <sys/pidfd.h>
}
#include <unistd.h>

#include <optional>

// Whether the bus may stop is decided in the bus, where no consumer can come between the question and the decision.
// What is added here is that this returns only once the bus is verifiably gone: its alive lock is free, which the
// kernel says, and its socket is not there, so that `stop && serve` works, and `stop && rm -r`, too.
//
// A process is only killed if pid file and lock agree on who it is (`prove_daemon`): the number in a pid
// file alone may be anybody's by now.

namespace cafbus {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto stop_poll_interval = 10ms;
/// For a process without its lock to end: nothing of ours runs in it any more.
constexpr auto exit_timeout = 2s;

stop_result result_of(bool done, stop_state state, int64_t pid = 0, std::string message = {}) {
  return {done, state, pid, std::move(message)};
}

class stopper {
public:
  stopper(const app_paths& paths, const stop_request& request) : paths_(paths), request_(request) {}

  stop_result run() {
    auto bus = client::connect(paths_.socket, connect_timeout);
    auto holder = find_lock_holder(paths_.alive_lock);
    locked_ = holder.has_value();
    if (holder && holder->pid != 0)
      hold(holder->pid);
    if (bus) {
      pid_ = bus->bus_pid();
      if (holder && holder->pid != 0 && holder->pid != pid_)
        return end_unreachable(holder->pid); // somebody else's socket stands where that of the bus was
      return ask(*bus);
    }
    const auto& why = bus.error();
    if (why.kind != failure_kind::not_found && why.kind != failure_kind::timed_out)
      return result_of(false, stop_state::unknown, 0, why.text);
    if (!holder)
      return result_of(true, stop_state::not_running);
    return end_unreachable(holder->pid);
  }

private:
  /// Takes a handle of the process that has the lock.
  void hold(pid_t pid) {
    process_.reset(::pidfd_open(pid, 0));
    auto holder = find_lock_holder(paths_.alive_lock);
    if (!holder || holder->pid != pid)
      process_.reset(); // of the number's next owner, maybe
  }

  /// Who uses a bus of another make: it knows no shutdown that it may refuse, so that is decided here. None if it is
  /// one of ours, which decides by itself.
  result<int64_t> consumers_of_another_make() const {
    auto bus = client::connect(paths_.socket, connect_timeout);
    if (!bus)
      return 0; // it has just gone
    auto status = bus->ask_status(answer_timeout);
    if (!status && status.error().kind == failure_kind::timed_out)
      return status.error();
    return status && status->version.empty() ? status->active_conns : 0;
  }

  stop_result ask(client& bus) {
    if (auto others = request_.force ? 0 : consumers_of_another_make(); !others)
      return end_by_signal("has not answered within 5s", stop_state::unresponsive);
    else if (*others != 0)
      return result_of(false, stop_state::refused, pid_,
                       std::to_string(*others) + (*others == 1 ? " consumer is" : " consumers are") + " connected");
    auto drain = std::chrono::ceil<std::chrono::milliseconds>(request_.drain).count();
    auto sent = bus.send(encode(shutdown{request_.force, drain}), connect_timeout);
    if (!sent && sent.error().kind != failure_kind::closed)
      return result_of(false, stop_state::unknown, pid_, sent.error().text);
    auto answered = clock::now() + answer_timeout;
    auto until = answered + ending_timeout + request_.drain;
    while (clock::now() < until) {
      if (is_gone(pid_))
        return stopped();
      auto got = bus.next(100ms);
      if (auto* error = said_no(got))
        return result_of(false, stop_state::refused, pid_, error->message);
      if (!got && got.error().kind == failure_kind::closed)
        return wait_until_gone(until);
      if (!got && got.error().kind != failure_kind::timed_out)
        return result_of(false, stop_state::unknown, pid_, got.error().text);
      if (clock::now() >= answered && !is_stopping())
        return end_by_signal("has not answered within 5s", stop_state::unresponsive);
    }
    return end_by_signal("agreed to stop, but has not ended", stop_state::stopping);
  }

  static const error_frame* said_no(const result<client::incoming>& got) {
    auto* other = got ? std::get_if<frame>(&*got) : nullptr;
    auto* error = other == nullptr ? nullptr : std::get_if<error_frame>(other);
    return error != nullptr && error->code != error_code::shutting_down ? error : nullptr;
  }

  /// The lock is held, but no bus answers: it is starting or stopping, or no client can reach it any more.
  stop_result end_unreachable(pid_t holder) {
    pid_ = holder;
    auto begun = clock::now();
    for (auto waited = 0ns; waited < ending_timeout; waited = clock::now() - begun) {
      if (is_gone(holder))
        return stopped();
      auto x = find_lock_holder(paths_.alive_lock);
      if (x && x->note != note_stopping && waited > answer_timeout)
        break;
      if (auto bus = client::connect(paths_.socket, stop_poll_interval); bus && bus->bus_pid() == holder)
        return ask(*bus); // it was starting
      sleep_for(stop_poll_interval);
    }
    return end_by_signal("does not listen at " + paths_.socket + " and has not ended by itself", stop_state::orphan);
  }

  stop_result wait_until_gone(clock::time_point until) {
    while (!is_gone(pid_)) {
      if (clock::now() >= until)
        return end_by_signal("agreed to stop, but has not ended", stop_state::stopping);
      sleep_for(stop_poll_interval);
    }
    return stopped();
  }

  stop_result end_by_signal(const std::string& what, stop_state state) {
    auto text = "the bus (process " + std::to_string(pid_) + ") " + what;
    if (!request_.force)
      return result_of(false, state, pid_, text + "; `cafbus stop --force` kills it");
    auto process = prove_daemon(paths_);
    if (!process)
      return is_gone(pid_) ? stopped()
                           : result_of(false, state, pid_, text + ", and is not killed: " + process.error().text);
    pid_ = static_cast<pid_t>(process->pid);
    if (!kill_daemon(process->handle))
      return result_of(false, state, pid_, text + ", and still exists after SIGKILL: it hangs in a system call");
    remove_leftovers(paths_);
    return result_of(true, stop_state::killed, pid_, text + " and was killed");
  }

  stop_result stopped() const {
    if (process_) // the kernel frees locks a moment before the process has ended
      wait_for_end(process_.get(), exit_timeout);
    if (locked_)
      remove_leftovers(paths_); // of one that died while it was asked; a new one's are safe under its lock
    return result_of(true, stop_state::stopped, pid_);
  }

  bool is_stopping() const {
    auto holder = find_lock_holder(paths_.alive_lock);
    return !holder || holder->note == note_stopping;
  }

  /// Whether that process is not the bus any more: there is none, or another one, for which we do not wait.
  bool is_gone(pid_t pid) const {
    if (auto holder = find_lock_holder(paths_.alive_lock))
      return holder->pid != 0 && holder->pid != pid;
    if (locked_)
      return true;
    // it listens without a lock, as a bus inside another program does: then its socket has to tell
    auto probe = client::connect(paths_.socket, stop_poll_interval);
    return probe ? probe->bus_pid() != pid : probe.error().kind == failure_kind::not_found;
  }

  const app_paths& paths_;
  const stop_request& request_;
  pid_t pid_ = 0;
  unique_fd process_;   // of the lock's holder when we came; may be empty
  bool locked_ = false; // the alive lock was held when we came
};

/// Leaves the marker that holds the bus back.
result<void> leave_marker(const app_paths& paths) {
  if (auto prepared = prepare_app_dir(paths); !prepared)
    return prepared;
  unique_fd file{::open(paths.hold.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!file)
    return errno_failure("cannot write " + paths.hold);
  return {};
}

} // namespace

stop_result stop_bus_of(const app_paths& paths, const stop_request& request) {
  auto marked_before = ::access(paths.hold.c_str(), F_OK) == 0;
  // before the question, so that no command starts a new one between the end and the marker
  if (request.hold)
    if (auto left = leave_marker(paths); !left)
      return result_of(false, stop_state::unknown, 0, left.error().text);
  auto result = stopper{paths, request}.run();
  if (request.hold && !result.done && !marked_before)
    ::unlink(paths.hold.c_str());
  if (request.hold && result.done && result.message.empty())
    result.message = "held back by " + paths.hold + " until `cafbus start` or `cafbus serve`";
  return result;
}

} // namespace cafbus
