#include "io/daemon/starter.hpp"

#include "io/daemon/daemon.hpp"
#include "io/daemon/file_lock.hpp"
#include "io/daemon/instance_lock.hpp"
#include "messages/frame_codec.hpp"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>

// Three things may be in the way of a consumer, and none of them is its business: no daemon, one that is starting, one
// that is ending. So this is a loop that looks, does the one thing that helps, and looks again, until a greeting
// succeeds or a limit is reached. What proves life is an answer: a connection alone is made by the kernel, also to a
// daemon that hangs.
//
// Under the fork lock nothing is waited for but the daemon's word, so the lock is held for the time of one start.
// Whoever waits for a lock that a starter holds (the record lock tells) waits longer than a start can take; a lock that
// is held by something else, or by a starter that was stopped, is reported within a second.

namespace cafbus {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using reason = client_failure::reason;

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

client_failure failed(std::string text) {
  return {reason::system, std::move(text)};
}

void wait_a_little() {
  ::poll(nullptr, 0, static_cast<int>(std::chrono::milliseconds{start_poll_interval}.count()));
}

std::string named(pid_t pid) {
  return pid > 0 ? "process " + std::to_string(pid) : "a process that cannot be told from here";
}

bool is_suspended(pid_t pid) {
  auto facts = read_process(pid);
  return facts && (facts->state == 'T' || facts->state == 't');
}

class search {
public:
  search(const app_paths& paths, spawn_policy policy, const greeting& greet)
    : paths_(paths), policy_(policy), greet_(greet) {}

  std::variant<reached, client_failure> run() {
    if (policy_ == spawn_policy::asked_for)
      ::unlink(paths_.hold.c_str());
    client_failure last;
    for (int round = 0; round < max_rounds; ++round) {
      auto connected = client::connect(paths_.socket, connect_timeout);
      if (auto* bus = std::get_if<client>(&connected)) {
        auto failure = greet_(*bus);
        if (!failure)
          return reached{std::move(*bus), started_};
        last = judge(std::move(*failure), bus->bus_pid());
      } else {
        last = std::get<client_failure>(std::move(connected));
      }
      if (policy_ != spawn_policy::never && last.kind == reason::system)
        if (auto error = prepare_app_dir(paths_); !error.empty())
          return failed(error); // knows better why nobody could be asked, and the way out
      if (!is_gone(last) || policy_ == spawn_policy::never)
        return explained(std::move(last));
      if (auto failure = start())
        return std::move(*failure);
    }
    return failed(std::to_string(max_rounds) + " buses in a row ended before they could be used, the last one with: " +
                  last.text + "; see " + paths_.log);
  }

private:
  /// Whether another bus may be had in place of the one that said so.
  static bool is_gone(const client_failure& x) {
    return x.kind == reason::not_running || x.kind == reason::stopping || x.kind == reason::closed;
  }

  client_failure explained(client_failure x) const {
    if (x.kind == reason::stopping || x.kind == reason::closed)
      x.text =
          "the bus at " + paths_.socket + " is just ending (" + x.text + "); without --no-spawn a new one is started";
    return x;
  }

  /// A greeting that took too long may have had to wait for others; a status query never has to.
  client_failure judge(client_failure failure, pid_t pid) const {
    if (failure.kind != reason::timeout)
      return failure;
    auto again = client::connect(paths_.socket, second_answer_timeout);
    if (auto* bus = std::get_if<client>(&again)) {
      auto silent = ask(*bus, second_answer_timeout);
      if (!silent || silent->kind != reason::timeout)
        return silent && is_gone(*silent) ? *silent : failure;
    } else if (is_gone(std::get<client_failure>(again))) {
      return std::get<client_failure>(again);
    }
    return failed("the bus (" + named(pid) +
                  ") takes connections, but has not answered for 5s; end it with `cafbus stop --force`");
  }

  static std::optional<client_failure> ask(client& bus, std::chrono::nanoseconds timeout) {
    if (auto failure = bus.send(encode(status_query{}), timeout); failure && failure->kind != reason::closed)
      return failure;
    for (auto until = clock::now() + timeout;;) {
      auto got = bus.next(until - clock::now());
      if (auto* failure = std::get_if<client_failure>(&got))
        return std::move(*failure);
      auto* answer = std::get_if<frame>(&std::get<client::incoming>(got));
      if (answer == nullptr)
        continue;
      if (auto* error = std::get_if<error_frame>(answer))
        return client_failure{error->code == "shutting_down" ? reason::stopping : reason::refused, error->message};
      if (auto* status = std::get_if<status_response>(answer))
        return status->state == "stopping" ? std::optional{client_failure{reason::stopping, "it is stopping"}}
                                           : std::nullopt;
    }
  }
  friend std::optional<client_failure> cafbus::ask_for_life(client& bus);

  bool listens() const { return std::holds_alternative<client>(client::connect(paths_.socket, start_poll_interval)); }

  bool is_held_back() const { return policy_ == spawn_policy::on_demand && ::access(paths_.hold.c_str(), F_OK) == 0; }

  /// One step towards a bus: after it, connecting is worth another try. @returns a failure if nothing will help.
  std::optional<client_failure> start() {
    if (auto error = prepare_app_dir(paths_); !error.empty())
      return failed(error);
    if (is_held_back())
      return failed(held_text(paths_));
    if (auto failure = wait_for_the_dying())
      return failure;
    auto taken = take_fork_lock();
    if (auto* failure = std::get_if<client_failure>(&taken))
      return std::move(*failure);
    // until we had the lock, another starter may have done it, or somebody called `serve`
    if (!std::get<0>(taken) || find_lock_holder(paths_.alive_lock) || listens())
      return std::nullopt;
    if (is_held_back())
      return failed(held_text(paths_));
    if (auto outcome = spawn_daemon(paths_); !outcome.error.empty()) {
      // lost to a `serve` that came between: then there is a bus, and that is what we wanted
      if (find_lock_holder(paths_.alive_lock) || (outcome.killed && ++killed_ < max_killed))
        return std::nullopt;
      return failed("cannot start a bus: " + outcome.error);
    }
    started_ = true;
    return std::nullopt;
  }

  /// Waits while the alive lock is held by a daemon that cannot be used: it ends, or it is just starting.
  std::optional<client_failure> wait_for_the_dying() const {
    for (auto begun = clock::now();; wait_a_little()) {
      auto holder = find_lock_holder(paths_.alive_lock);
      if (!holder || (holder->note != note_stopping && listens()))
        return std::nullopt;
      auto waited = clock::now() - begun;
      if (waited > stranger_timeout && holder->pid == 0)
        return failed(paths_.alive_lock +
                      " is locked by something that is no bus, or that cannot be seen from here "
                      "(`fuser " +
                      paths_.alive_lock + "` tells); end that first");
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
  std::variant<std::optional<file_lock>, client_failure> take_fork_lock() const {
    for (auto begun = clock::now();; wait_a_little()) {
      auto taken = file_lock::try_take(paths_.fork_lock, 10ms);
      if (auto* lock = std::get_if<file_lock>(&taken))
        return std::optional{std::move(*lock)};
      if (std::get<file_lock::failure>(taken) == file_lock::failure::error)
        return failed("cannot lock " + paths_.fork_lock + ": " + std::system_category().message(errno));
      if (listens())
        return std::optional<file_lock>{};
      auto holder = find_lock_holder(paths_.fork_lock);
      auto starter = !holder || (holder->pid > 0 && !is_suspended(holder->pid));
      auto waited = clock::now() - begun;
      if (waited < stranger_timeout || (starter && waited < starter_timeout))
        continue;
      return failed("another start is going on and does not end: " + paths_.fork_lock + " is held by " +
                    named(holder ? holder->pid : 0) + " (`fuser " + paths_.fork_lock +
                    "` tells); end that, or start the bus yourself with `cafbus serve`");
    }
  }

  const app_paths& paths_;
  spawn_policy policy_;
  const greeting& greet_;
  bool started_ = false;
  int killed_ = 0; // daemons that somebody killed while they started
};

} // namespace

std::optional<client_failure> ask_for_life(client& bus) {
  return search::ask(bus, answer_timeout);
}

std::variant<reached, client_failure> reach_bus(const app_paths& paths, spawn_policy policy, const greeting& greet) {
  return search{paths, policy, greet}.run();
}

} // namespace cafbus
