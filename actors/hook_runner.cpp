#include "actors/hook_runner.hpp"

#include "actors/child_process.hpp"
#include "actors/last_words.hpp"
#include "config/defaults.hpp"

#include <array>
#include <atomic>
#include <caf/actor_system.hpp>
#include <caf/blocking_actor.hpp>
#include <caf/send.hpp>
#include <cerrno>
#include <memory>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace cafbus {

namespace {

using namespace std::chrono_literals;

/// An eventfd that says "stop".
class stop_switch {
public:
  stop_switch() : fd_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {}
  ~stop_switch() {
    if (fd_ >= 0)
      ::close(fd_);
  }
  stop_switch(const stop_switch&) = delete;
  stop_switch& operator=(const stop_switch&) = delete;

  int fd() const noexcept { return fd_; }

  /// From the stop on: time between SIGTERM and SIGKILL.
  std::chrono::milliseconds kill_after() const noexcept {
    auto ms = kill_after_.load();
    return ms < 0 ? std::chrono::milliseconds{defaults::source_kill_after} : std::chrono::milliseconds{ms};
  }

  void set(std::chrono::nanoseconds kill_after) {
    auto ms = std::chrono::ceil<std::chrono::milliseconds>(kill_after).count();
    if (int64_t unset = -1; !kill_after_.compare_exchange_strong(unset, ms))
      return;
    uint64_t one = 1;
    [[maybe_unused]] auto written = ::write(fd_, &one, sizeof(one)); // full means that it is set already
  }

private:
  int fd_;
  std::atomic<int64_t> kill_after_ = -1;
};

/// Reads what the command says until it has closed both streams or `stop` is set. @returns whether it was stopped.
bool listen_to(const child_process& child, int stop, last_words& words) {
  last_words ignored;
  std::array<pollfd, 3> fds{{{stop, POLLIN, 0}, {child.output(), POLLIN, 0}, {child.errors(), POLLIN, 0}}};
  while (fds[1].fd >= 0 || fds[2].fd >= 0) {
    if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR)
      return true;
    if (fds[0].revents != 0)
      return true;
    if (fds[1].revents != 0 && ignored.read(fds[1].fd) == 0)
      fds[1].fd = -1;
    if (fds[2].revents != 0 && words.read(fds[2].fd) == 0)
      fds[2].fd = -1;
  }
  return false;
}

hook_done run(const hook_run& what, const std::string& app, const stop_switch& stop) {
  hook_done result{what.subscription_id, what.ticket, false, {}};
  auto started =
      child_process::start(what.command, {"CAFBUS_APP=" + app, "CAFBUS_SUBSCRIPTION_ID=" + what.subscription_id});
  if (auto* error = std::get_if<std::string>(&started)) {
    result.detail = *error;
    return result;
  }
  auto& child = std::get<child_process>(started);
  last_words words;
  auto stopped = listen_to(child, stop.fd(), words);
  // streams closed, not yet ended: it may take its time, but the switch is still obeyed
  stopped = stopped || !child.wait_unless(stop.fd());
  auto how = child.stop(0ms, stop.kill_after());
  result.ok = !stopped && how == child_process::success;
  result.detail = stopped ? "stopped, " + how : how;
  if (!words.text().empty())
    result.detail += "; " + words.text();
  return result;
}

} // namespace

hook_launcher process_hooks(caf::actor_system& system, std::string app) {
  return [&system, app = std::move(app)](const hook_run& what, const cleanup_lock_actor& coordinator) -> hook_cancel {
    auto stop = std::make_shared<stop_switch>();
    auto work = [=](caf::blocking_actor*, const hook_run& x) { caf::anon_send(coordinator, run(x, app, *stop)); };
    system.spawn<caf::detached>(work, what); // CAF 0.17: without an argument it dereferences null
    return [stop](std::chrono::nanoseconds kill_after) { stop->set(kill_after); };
  };
}

} // namespace cafbus
