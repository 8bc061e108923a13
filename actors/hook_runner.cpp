#include "actors/hook_runner.hpp"

#include "actors/child_process.hpp"
#include "actors/last_words.hpp"
#include "actors/left_groups.hpp"
#include "actors/own_thread.hpp"
#include "base/deadline.hpp"
#include "base/wakeup.hpp"
#include "config/defaults.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <csignal>
#include <memory>
#include <mutex>
#include <new>
#include <poll.h>

// One thread for all hooks: it polls a pidfd and a pipe of each, and a switch that says that there are orders. A hook
// costs two descriptors while it runs, no thread and no memory of ours beyond its last words.

namespace cafbus {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// While processes are asked to end that no descriptor tells of, they are looked at this often.
constexpr auto group_look_interval = 20ms;

/// What the coordinator tells the thread.
struct order {
  hook_run run;
  cleanup_lock_actor to;
  std::chrono::nanoseconds kill_after{-1}; ///< At least 0: the hook of that ticket is to be ended.
};

/// The way from the coordinator to the thread; the one thing that both know.
class order_box {
public:
  explicit order_box(wakeup x) : switch_{std::move(x)} {}

  void add(order x) {
    {
      std::lock_guard guard{mutex_};
      orders_.push_back(std::move(x));
    }
    switch_.set();
  }

  /// No order will come any more.
  void close() {
    {
      std::lock_guard guard{mutex_};
      closed_ = true;
    }
    switch_.set();
  }

  /// @returns whether more may come.
  bool take(std::vector<order>& orders) {
    switch_.clear();
    std::lock_guard guard{mutex_};
    orders = std::exchange(orders_, {});
    return !closed_;
  }

  int fd() const noexcept { return switch_.fd(); }

private:
  wakeup switch_;
  std::mutex mutex_;
  std::vector<order> orders_;
  bool closed_ = false;
};

/// A hook that runs, or the processes of an `on_first` that are being ended for its `on_last`.
struct job {
  order what;
  std::optional<child_process> shell;
  std::optional<child_process> left; ///< By the `on_first`, and asked to end.
  last_words words;
  hook_done result;
  bool stopped = false;
  clock::time_point kill_at = clock::time_point::max();
};

class hook_thread {
public:
  hook_thread(std::shared_ptr<order_box> orders, command_defaults usual, size_t most_left)
    : orders_{std::move(orders)}, defaults_{std::move(usual)}, left_{most_left} {}

  void run() {
    for (bool open = true; open || !jobs_.empty();) {
      wait();
      std::vector<order> orders;
      open = orders_->take(orders);
      for (auto& x : orders)
        obey(x);
      if (!open)
        for (auto& x : jobs_)
          ask_to_end(*x, defaults::source_kill_after);
      for (auto& x : jobs_)
        look_at(*x);
      std::erase_if(jobs_, [](const auto& x) { return !x->shell && !x->left; });
    }
    left_.end(); // those whose `on_last` has not come to its turn
  }

private:
  void wait() {
    fds_.assign(1, {orders_->fd(), POLLIN, 0});
    auto until = clock::time_point::max();
    for (const auto& x : jobs_) {
      until = std::min(until, x->left ? clock::now() + group_look_interval : x->kill_at);
      if (!x->shell)
        continue;
      fds_.push_back({x->shell->end(), POLLIN, 0});
      fds_.push_back({x->shell->errors(), POLLIN, 0});
    }
    auto own = static_cast<std::ptrdiff_t>(fds_.size());
    left_.await(fds_, until);
    ::poll(fds_.data(), fds_.size(), until == clock::time_point::max() ? -1 : poll_ms(until - clock::now()));
    if (std::any_of(fds_.begin() + own, fds_.end(), [](const pollfd& x) { return x.revents != 0; }))
      left_.skip();
  }

  void obey(const order& x) {
    if (x.kill_after.count() < 0) {
      try {
        start(x);
      } catch (const std::bad_alloc&) { // ends this hook alone
        caf::anon_send(x.to, hook_done{x.run.subscription_id, x.run.ticket, false, "there is no memory for it", 0});
      }
      return;
    }
    for (auto& y : jobs_)
      if (y->what.run.ticket == x.run.ticket)
        ask_to_end(*y, x.kill_after);
  }

  void start(const order& x) {
    auto entry = std::make_unique<job>();
    entry->result = {x.run.subscription_id, x.run.ticket, false, {}, 0};
    entry->what = x;
    const auto& run = entry->what.run;
    if (run.command.empty()) {
      entry->result.ok = true;
      entry->result.detail = "nothing to run";
      end_what_is_left(*entry);
    } else {
      auto variables = defaults_.variables;
      variables.push_back("CAFBUS_SUBSCRIPTION_ID=" + run.subscription_id);
      auto started = child_process::start({run.command, context(run), std::move(variables), false});
      if (started) {
        entry->shell.emplace(std::move(*started));
      } else {
        entry->result.detail = started.error().text;
        finish(*entry);
      }
    }
    if (entry->shell || entry->left)
      jobs_.push_back(std::move(entry));
  }

  /// What the consumer has said, and what holds otherwise.
  command_context context(const hook_run& x) const {
    auto result = x.context;
    if (!result.environment)
      result.environment = defaults_.usual.environment;
    if (result.folder.empty())
      result.folder = defaults_.usual.folder;
    if (!result.umask)
      result.umask = defaults_.usual.umask;
    return result;
  }

  static void ask_to_end(job& x, std::chrono::nanoseconds kill_after) {
    if (!x.shell || x.stopped)
      return;
    x.stopped = true;
    x.shell->signal(SIGTERM);
    x.kill_at = clock::now() + kill_after;
  }

  void look_at(job& x) {
    if (x.left) {
      x.left->skip_errors();
      if (clock::now() >= x.kill_at || x.left->others() == 0) {
        x.left.reset(); // kills what there still is
        tell(x);
      }
      return;
    }
    listen(x);
    if (auto how = x.shell->ended())
      on_end(x, *how);
    else if (clock::now() >= x.kill_at)
      kill(x);
  }

  static void kill(job& x) {
    x.shell->signal(SIGKILL);
    x.kill_at = clock::time_point::max();
  }

  /// Once per look: one hook that writes faster than it is read must not keep this thread from the others.
  static void listen(job& x) {
    if (!x.words.read(x.shell->errors()))
      x.shell->close_errors();
  }

  void on_end(job& x, exit_status how) {
    listen(x); // what it has said since
    auto& result = x.result;
    result.ok = !x.stopped && how.good();
    result.detail = (x.stopped ? "stopped, " : "") + how.text();
    if (!x.words.text().empty())
      result.detail += "; " + x.words.text();
    if (result.ok && x.what.run.hook == hook_kind::on_first)
      result.left_processes = x.shell->others();
    if (result.left_processes > 0 && !left_.keep(x.what.run.subscription_id, std::move(*x.shell))) {
      result.ok = false;
      result.left_processes = 0;
      result.detail += "; it has left processes with its standard error, and there are no descriptors for that of more "
                       "subscriptions: redirect it (`2>/dev/null`), or raise the limit with `ulimit -n`";
    }
    x.shell.reset(); // with its group, unless that has been kept
    finish(x);
  }

  void finish(job& x) {
    if (x.what.run.hook == hook_kind::on_last)
      end_what_is_left(x);
    else
      tell(x);
  }

  /// @pre its shell has ended
  void end_what_is_left(job& x) {
    auto left = left_.take(x.what.run.subscription_id);
    if (!left) {
      tell(x);
      return;
    }
    x.left.emplace(std::move(*left));
    x.left->signal(SIGTERM);
    x.kill_at = clock::now() + defaults::source_kill_after;
  }

  void tell(job& x) { caf::anon_send(x.what.to, std::move(x.result)); }

  std::shared_ptr<order_box> orders_;
  command_defaults defaults_;
  std::vector<std::unique_ptr<job>> jobs_;
  left_groups left_; ///< By an `on_first` that has worked.
  std::vector<pollfd> fds_;
};

/// The coordinator's end: starts the thread when there is something to do.
class hook_desk {
public:
  hook_desk(caf::actor_system& system, command_defaults usual, size_t most_left)
    : system_{system}, defaults_{std::move(usual)}, most_left_{most_left} {}

  ~hook_desk() {
    if (orders_)
      orders_->close();
  }
  hook_desk(const hook_desk&) = delete;
  hook_desk& operator=(const hook_desk&) = delete;

  hook_cancel launch(const hook_run& what, const cleanup_lock_actor& coordinator) {
    if (auto ready = have_thread(); !ready) {
      caf::anon_send(coordinator, hook_done{what.subscription_id, what.ticket, false, ready.error().text, 0});
      return [](std::chrono::nanoseconds) {};
    }
    orders_->add({what, coordinator});
    return [ticket = what.ticket, orders = orders_](std::chrono::nanoseconds kill_after) {
      order x;
      x.run.ticket = ticket;
      x.kill_after = std::max(kill_after, 0ns);
      orders->add(std::move(x));
    };
  }

private:
  result<void> have_thread() {
    if (orders_)
      return {};
    auto made = wakeup::make();
    if (!made)
      return made.error();
    auto orders = std::make_shared<order_box>(std::move(*made));
    auto work = [orders, usual = defaults_, most = most_left_](caf::scoped_actor&) {
      hook_thread{orders, usual, most}.run();
    };
    if (auto started = run_on_own_thread(system_, std::move(work)); !started)
      return started.error();
    orders_ = std::move(orders);
    return {};
  }

  caf::actor_system& system_;
  command_defaults defaults_;
  size_t most_left_;
  std::shared_ptr<order_box> orders_; ///< Null: there is no thread.
};

} // namespace

command_context context_of(const hook_commands& x) {
  command_context result;
  if (!x.env.empty()) {
    result.environment.emplace();
    for (const auto& [name, value] : x.env)
      result.environment->push_back(name + '=' + value);
  }
  result.folder = x.dir;
  if (x.umask)
    result.umask = static_cast<mode_t>(*x.umask);
  return result;
}

hook_launcher process_hooks(caf::actor_system& system, const std::string& app, command_defaults usual,
                            size_t most_left) {
  usual.variables.push_back("CAFBUS_APP=" + app);
  auto desk = std::make_shared<hook_desk>(system, std::move(usual), most_left);
  return [desk](const hook_run& what, const cleanup_lock_actor& to) { return desk->launch(what, to); };
}

} // namespace cafbus
