#include "actors/hook_thread.hpp"

#include "base/deadline.hpp"
#include "config/defaults.hpp"

#include <algorithm>
#include <caf/send.hpp>
#include <csignal>
#include <new>

namespace cafbus {

void hook_thread::run() {
  for (bool open = true; open || !jobs_.empty();) {
    wait();
    open = orders_->take(jobs_);
    for (auto& x : jobs_) {
      if (!open)
        x.end_wish->say(defaults::source_kill_after);
      look_at(x);
    }
    jobs_.remove_if([](const auto& x) { return x.at == stage::told; });
  }
  left_.end();
}

void hook_thread::wait() {
  try {
    if (poll())
      left_.skip();
  } catch (const std::bad_alloc&) { // to wait with
    sleep_for(left_groups::look_interval);
  }
}

/// @returns whether what hooks have left has written something.
bool hook_thread::poll() {
  fds_.assign(1, {orders_->fd(), POLLIN, 0});
  auto until = clock::time_point::max();
  for (const auto& x : jobs_) {
    // no descriptor tells when the others can go on: when what is left has ended, or when there is memory for the
    // answer
    until = std::min(until, x.at == stage::running ? x.kill_at : clock::now() + left_groups::look_interval);
    if (!x.shell)
      continue;
    fds_.push_back({x.shell->end(), POLLIN, 0});
    fds_.push_back({x.shell->errors(), POLLIN, 0});
  }
  auto own = static_cast<std::ptrdiff_t>(fds_.size());
  left_.await(fds_, until);
  ::poll(fds_.data(), fds_.size(), until == clock::time_point::max() ? -1 : poll_ms(until - clock::now()));
  return std::any_of(fds_.begin() + own, fds_.end(), [](const pollfd& x) { return x.revents != 0; });
}

/// Takes it as far as it goes now.
void hook_thread::look_at(hook_job& x) {
  try {
    if (x.at == stage::ordered)
      begin(x);
    if (x.at == stage::running)
      look_at_shell(x);
    if (x.at == stage::ending_left)
      look_at_left(x);
    if (x.at == stage::over) {
      caf::anon_send(x.to, x.result);
      x.at = stage::told;
    }
  } catch (const std::bad_alloc&) {
    give_up(x);
  }
}

void hook_thread::begin(hook_job& x) {
  const auto& run = x.what;
  if (run.command.empty()) {
    x.result.detail = "nothing to run";
    x.result.ok = true;
    finish(x);
    return;
  }
  auto variables = defaults_.variables;
  variables.push_back("CAFBUS_SUBSCRIPTION_ID=" + run.subscription_id);
  auto started = child_process::start({run.command, context(run), std::move(variables), false});
  if (started) {
    x.shell.emplace(std::move(*started));
    x.at = stage::running;
  } else {
    x.result.detail = started.error().text;
    finish(x);
  }
}

/// What the consumer has said, and what holds otherwise.
command_context hook_thread::context(const hook_run& x) const {
  auto result = x.context;
  if (!result.environment)
    result.environment = defaults_.usual.environment;
  if (result.folder.empty())
    result.folder = defaults_.usual.folder;
  if (!result.umask)
    result.umask = defaults_.usual.umask;
  return result;
}

void hook_thread::look_at_shell(hook_job& x) {
  if (auto kill_after = x.end_wish->said(); kill_after && !x.stopped) {
    x.stopped = true;
    x.shell->signal(SIGTERM);
    x.kill_at = clock::now() + *kill_after;
  }
  auto how = x.shell->ended();
  // once per look: one that writes faster than it is read must not keep this thread from the others
  if (!x.words.read(x.shell->errors()))
    x.shell->close_errors();
  if (how) {
    on_end(x, *how);
  } else if (clock::now() >= x.kill_at) {
    x.shell->signal(SIGKILL);
    x.kill_at = clock::time_point::max();
  }
}

void hook_thread::on_end(hook_job& x, exit_status how) {
  auto& result = x.result;
  result.ok = !x.stopped && how.good();
  result.detail = (x.stopped ? "stopped, " : "") + how.text();
  if (!x.words.text().empty())
    result.detail += "; " + x.words.text();
  if (result.ok && x.what.hook == hook_kind::on_first)
    result.left_processes = x.shell->others();
  if (result.left_processes > 0 && !left_.keep(x.what.subscription_id, std::move(*x.shell))) {
    result.ok = false;
    result.left_processes = 0;
    result.detail += "; it has left processes with its standard error, and there are no descriptors for that of more "
                     "subscriptions: redirect it (`2>/dev/null`), or raise the limit with `ulimit -n`";
  }
  x.shell.reset(); // with its group, unless that has been kept
  finish(x);
}

/// @pre its shell has ended, or never began
void hook_thread::finish(hook_job& x) {
  x.at = stage::over;
  if (x.what.hook != hook_kind::on_last)
    return;
  auto left = left_.take(x.what.subscription_id);
  if (!left)
    return;
  x.left.emplace(std::move(*left));
  x.left->signal(SIGTERM);
  x.kill_at = clock::now() + defaults::source_kill_after;
  x.at = stage::ending_left;
}

void hook_thread::look_at_left(hook_job& x) {
  x.left->skip_errors();
  if (clock::now() < x.kill_at && x.left->others() > 0)
    return;
  x.left.reset(); // kills what there still is
  x.at = stage::over;
}

/// There is no memory for it. What has become of it is told at one of the next looks.
void hook_thread::give_up(hook_job& x) noexcept {
  if (x.at == stage::over)
    return;
  x.shell.reset();
  x.left.reset();
  if (x.what.hook == hook_kind::on_last)
    left_.drop(x.what.subscription_id);
  x.result.ok = false;
  x.result.left_processes = 0;
  x.result.detail.swap(x.no_memory);
  x.at = stage::over;
}

} // namespace cafbus
