#include "io/daemon/starter.hpp"

#include "base/deadline.hpp"
#include "base/shell_word.hpp"
#include "io/daemon/daemon.hpp"
#include "io/daemon/file_lock.hpp"
#include "io/daemon/instance_lock.hpp"
#include "io/daemon/spawn_daemon.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>

// A consumer should not care whether there is no daemon, one that is starting, or one that is ending. So this is a loop
// that looks, does the one thing that helps, and looks again, until a greeting succeeds or a limit is reached. Only an
// answer proves that a daemon works: the kernel makes connections even to one that hangs.
//
// Under the fork lock nothing is waited for but the daemon's word, so the lock is held for the time of one start.
// While another starter holds the lock (the record lock tells), we wait longer than a start can take; a lock held by
// any other process, or by a starter that is stopped, is reported within a second.

namespace cafbus {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// For a bus that has already been silent: the second question is only to be sure.
constexpr auto second_answer_timeout = 1s;
/// Longest wait for another starter: its own limit for the daemon's word, and some.
constexpr auto starter_timeout = 12s;
/// Longest wait for a fork lock that no starter holds.
constexpr auto stranger_timeout = 700ms;
constexpr auto start_poll_interval = 5ms;
/// Daemons that may vanish under us, one after the other, before we give up.
constexpr int max_rounds = 8;
/// Daemons that may be killed while they start, before we take it for more than chance.
constexpr int max_killed = 3;

failure failed(std::string text) {
  return {failure_kind::system, std::move(text)};
}

std::string named(pid_t pid) {
  return pid > 0 ? "process " + std::to_string(pid) : "a process that is not visible from here";
}

bool is_suspended(pid_t pid) {
  auto facts = read_process(pid);
  return facts && (facts->state == 'T' || facts->state == 't');
}

class search {
public:
  search(const app_paths& paths, spawn_policy policy, const greeting& greet)
    : paths_(paths), policy_(policy), greet_(greet) {}

  result<reached> run() {
    if (policy_ == spawn_policy::asked_for)
      ::unlink(paths_.hold.c_str());
    failure last;
    for (int round = 0; round < max_rounds; ++round) {
      auto bus = client::connect(paths_.socket, connect_timeout);
      if (bus) {
        auto greeted = greet_(*bus);
        if (greeted)
          return reached{std::move(*bus), started_};
        last = judge(std::move(greeted).error(), bus->bus_pid());
      } else {
        last = bus.error();
        if (auto unusable = explain_folder(last); !unusable)
          return unusable.error();
      }
      if (!is_gone(last) || policy_ == spawn_policy::never)
        return explained(std::move(last));
      if (auto taken = take_a_step(); !taken)
        return taken.error();
    }
    return failed(std::to_string(max_rounds) + " buses in a row ended before they could be used, the last one with: " +
                  last.text + "; see " + paths_.log);
  }

private:
  /// Whether another bus may be had in place of the one that said so.
  static bool is_gone(const failure& x) {
    return x.kind == failure_kind::not_found || x.kind == failure_kind::stopping || x.kind == failure_kind::closed;
  }

  /// If no bus could be asked, the check of the folder gives a better reason and remedy.
  result<void> explain_folder(const failure& x) const {
    const auto known = is_gone(x) || x.kind == failure_kind::timed_out || x.kind == failure_kind::untrusted;
    if (known)
      return {};
    return policy_ == spawn_policy::never ? check_access(paths_) : prepare_app_dir(paths_);
  }

  failure explained(failure x) const {
    if (x.kind == failure_kind::stopping || x.kind == failure_kind::closed)
      x.text =
          "the bus at " + paths_.socket + " is just ending (" + x.text + "); without --no-spawn a new one is started";
    return x;
  }

  /// A greeting that took too long may have had to wait for others; a status query never has to.
  failure judge(failure why, pid_t pid) const {
    if (why.kind != failure_kind::timed_out)
      return why;
    auto again = client::connect(paths_.socket, second_answer_timeout);
    if (!again && is_gone(again.error()))
      return again.error();
    if (again) {
      auto answer = ask(*again, second_answer_timeout);
      if (answer || answer.error().kind != failure_kind::timed_out)
        return !answer && is_gone(answer.error()) ? answer.error() : why;
    }
    return failed("the bus (" + named(pid) +
                  ") accepts connections, but no longer answers; end it with `cafbus stop --force`");
  }

  static result<void> ask(client& bus, std::chrono::nanoseconds timeout) {
    auto status = bus.ask_status(timeout);
    if (!status)
      return status.error();
    if (status->state == bus_phase::stopping)
      return failure{failure_kind::stopping, "it is stopping"};
    return {};
  }
  friend result<void> cafbus::ask_for_life(client& bus);

  bool listens() const { return static_cast<bool>(client::connect(paths_.socket, start_poll_interval)); }

  bool is_held_back() const { return policy_ == spawn_policy::on_demand && ::access(paths_.hold.c_str(), F_OK) == 0; }

  /// One step towards a bus: after it, connecting is worth another try. Fails if nothing will help.
  result<void> take_a_step() {
    if (auto prepared = prepare_app_dir(paths_); !prepared)
      return prepared;
    if (is_held_back())
      return held_back(paths_);
    if (auto ended = wait_for_the_dying(); !ended)
      return ended;
    auto lock = take_fork_lock();
    if (!lock)
      return lock.error();
    // until we had the lock, another starter may have done it, or somebody called `serve`
    if (!*lock || find_lock_holder(paths_.alive_lock) || listens())
      return {};
    if (is_held_back())
      return held_back(paths_);
    auto spawned = spawn_daemon(paths_);
    started_ = static_cast<bool>(spawned);
    // lost to a `serve` that came between: then there is a bus, and that is what we wanted
    if (spawned || find_lock_holder(paths_.alive_lock))
      return {};
    const auto killed = spawned.error().kind == failure_kind::closed;
    if (killed && ++killed_ < max_killed)
      return {};
    return failure{spawned.error().kind, "cannot start a bus: " + spawned.error().text};
  }

  /// Waits while the alive lock is held by a daemon that cannot be used: it ends, or it is just starting.
  result<void> wait_for_the_dying() const {
    for (auto begun = clock::now();; sleep_for(start_poll_interval)) {
      auto holder = find_lock_holder(paths_.alive_lock);
      if (!holder || (holder->note != note_stopping && listens()))
        return {};
      auto waited = clock::now() - begun;
      if (waited > stranger_timeout && holder->pid == 0)
        return failed(paths_.alive_lock +
                      " is locked by a process that is not a bus, or that is not visible from here "
                      "(`fuser " +
                      shell_word(paths_.alive_lock) + "` shows it); end it first");
      if (waited > stranger_timeout && is_suspended(holder->pid))
        return failed("the bus (" + named(holder->pid) + ") is suspended and does not listen at " + paths_.socket +
                      "; continue it, or end it with `cafbus stop --force`");
      if (waited > ending_timeout)
        return failed("the bus (" + named(holder->pid) + ") is " +
                      (holder->note.empty() ? std::string{"not listening"} : holder->note) + " and neither serves at " +
                      paths_.socket + " nor ends within 10s; end it with `cafbus stop --force`");
    }
  }

  /// The lock, or no lock since there is a bus by now.
  result<std::optional<file_lock>> take_fork_lock() const {
    for (auto begun = clock::now();; sleep_for(start_poll_interval)) {
      auto taken = file_lock::try_take(paths_.fork_lock, 10ms);
      if (!taken || *taken)
        return taken;
      if (listens())
        return std::nullopt;
      auto holder = find_lock_holder(paths_.fork_lock);
      auto starter = !holder || (holder->pid > 0 && !is_suspended(holder->pid));
      auto waited = clock::now() - begun;
      if (waited < stranger_timeout || (starter && waited < starter_timeout))
        continue;
      return failed("another start does not finish: " + paths_.fork_lock + " is held by " +
                    named(holder ? holder->pid : 0) + " (`fuser " + shell_word(paths_.fork_lock) +
                    "` shows it); end it, or start the bus yourself with `cafbus serve`");
    }
  }

  const app_paths& paths_;
  spawn_policy policy_;
  const greeting& greet_;
  bool started_ = false;
  int killed_ = 0; // daemons that somebody killed while they started
};

} // namespace

result<void> ask_for_life(client& bus) {
  return search::ask(bus, answer_timeout);
}

result<reached> reach_bus(const app_paths& paths, spawn_policy policy, const greeting& greet) {
  return search{paths, policy, greet}.run();
}

} // namespace cafbus
