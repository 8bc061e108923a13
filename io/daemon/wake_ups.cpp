#include "io/daemon/wake_ups.hpp"

#include "base/deadline.hpp"
#include "base/signals.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <iterator>
#include <utility>

namespace cafbus {

namespace {

/// How often the daemon looks whether its files are still its own: it should notice within a second. The main thread
/// does this, so that a slow file system holds up no actor.
constexpr auto file_look_interval = std::chrono::milliseconds{700};

/// The same where the kernel tells of nearly all changes.
constexpr auto watched_file_look_interval = std::chrono::seconds{10};

/// From a change that the kernel tells of to the look: a bus that stops by itself takes its socket away a moment before
/// it says so.
constexpr auto look_delay = std::chrono::milliseconds{200};

} // namespace

wake_ups::wake_ups() {
  auto awaited = block_signals({SIGINT, SIGTERM, SIGHUP});
  signals_.reset(::signalfd(-1, &awaited, SFD_CLOEXEC | SFD_NONBLOCK));
  bus_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

void wake_ups::bus_stops() {
  stops_ = true;
  wake();
}

void wake_ups::bus_ended() {
  ended_ = true;
  take_reloads(); // they have handles of actors, which must not outlive the actor system
  wake();
}

void wake_ups::reload_asked(reload_answer answer) {
  std::lock_guard guard{mutex_};
  if (ended_)
    return;
  reloads_.push_back(std::move(answer));
  wake();
}

std::vector<reload_answer> wake_ups::take_reloads() {
  std::lock_guard guard{mutex_};
  return std::exchange(reloads_, {});
}

bool wake_ups::has_reloads() {
  std::lock_guard guard{mutex_};
  return !reloads_.empty();
}

void wake_ups::wake() const {
  uint64_t one = 1;
  [[maybe_unused]] auto written = ::write(bus_.get(), &one, sizeof(one));
}

void wake_ups::on_bus(const chores& todo) {
  uint64_t count = 0;
  [[maybe_unused]] auto got = ::read(bus_.get(), &count, sizeof(count));
  if (stops_ && !std::exchange(stop_seen_, true))
    todo.on_stop();
}

/// Does what is due every beat. @returns the time until the next one.
std::chrono::nanoseconds wake_ups::until_beat(const chores& todo) {
  using namespace std::chrono;
  if (todo.beat == 0ns)
    return nanoseconds::max();
  auto now = steady_clock::now();
  if (now >= next_beat_) {
    next_beat_ = now + todo.beat;
    todo.on_beat();
  }
  return next_beat_ - now;
}

void wake_ups::settle(const chores& todo) {
  if (settled_ == todo.settle_delays.size() || std::chrono::steady_clock::now() - begun_ < todo.settle_delays[settled_])
    return;
  ++settled_;
  if (todo.on_settled)
    todo.on_settled();
}

int wake_ups::wait(folder_watch& watch, const chores& todo) {
  const std::chrono::nanoseconds usual = watch.good() ? watched_file_look_interval : file_look_interval;
  for (auto pause = usual;;) {
    pause = std::min(pause, until_beat(todo));
    if (settled_ == 0)
      pause = std::min(pause, todo.settle_delays[0]);
    pollfd fds[] = {{signals_.get(), POLLIN, 0}, {bus_.get(), POLLIN, 0}, {watch.fd(), POLLIN, 0}};
    auto ready = ::poll(fds, std::size(fds), poll_ms(pause));
    if (ready < 0)
      continue;
    pause = usual;
    if (ready == 0) {
      todo.look();
      settle(todo);
    }
    if (fds[2].revents != 0) {
      watch.clear();
      pause = look_delay;
    }
    if (fds[1].revents != 0)
      on_bus(todo);
    if (ended_)
      return 0;
    if (has_reloads())
      return SIGHUP;
    if (fds[0].revents == 0)
      continue;
    signalfd_siginfo info;
    if (::read(signals_.get(), &info, sizeof(info)) == sizeof(info))
      return static_cast<int>(info.ssi_signo);
  }
}

} // namespace cafbus
