#pragma once
#include "actors/child_process.hpp"
#include "actors/hook_runner.hpp"
#include "actors/last_words.hpp"
#include "base/wakeup.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace cafbus {

/// The wish that a hook ends. From any thread, any number of times; the first one counts.
class hook_end_wish {
public:
  void say(std::chrono::nanoseconds kill_after) noexcept {
    auto none = unsaid;
    kill_after_.compare_exchange_strong(none, std::max<int64_t>(kill_after.count(), 0));
  }

  /// How long the hook may take to end after SIGTERM; nothing if it is to go on.
  std::optional<std::chrono::nanoseconds> said() const noexcept {
    auto x = kill_after_.load();
    return x == unsaid ? std::nullopt : std::optional{std::chrono::nanoseconds{x}};
  }

private:
  static constexpr int64_t unsaid = -1;
  std::atomic<int64_t> kill_after_{unsaid};
};

/// A hook from its order to its answer. Made by the coordinator with all the memory that its failure takes, then of the
/// hook thread alone.
struct hook_job {
  enum class stage : uint8_t {
    ordered,
    running,     ///< `shell` is there.
    ending_left, ///< `left` is there.
    over,        ///< `result` is to be told.
    told,
  };

  hook_job(hook_run x, cleanup_lock_actor coordinator)
    : what{std::move(x)}, to{std::move(coordinator)}, result{what.subscription_id, what.ticket, false, {}, 0} {}

  hook_run what;
  cleanup_lock_actor to;
  hook_done result;
  std::string no_memory = "there is not enough memory"; ///< For `result`, which could have none to say so.
  std::shared_ptr<hook_end_wish> end_wish = std::make_shared<hook_end_wish>();
  stage at = stage::ordered;
  std::optional<child_process> shell;
  std::optional<child_process> left; ///< By the `on_first` of its id, and asked to end.
  last_words words;
  bool stopped = false;
  std::chrono::steady_clock::time_point kill_at = std::chrono::steady_clock::time_point::max();
};

using hook_jobs = std::list<hook_job>;

/// The way from the coordinator to the hook thread; the one thing that both know. Only `add` needs memory.
class hook_orders {
public:
  explicit hook_orders(wakeup x) : switch_{std::move(x)} {}

  /// @returns what ends it; needs a `wake` after it.
  std::shared_ptr<hook_end_wish> add(hook_run what, cleanup_lock_actor coordinator) {
    hook_jobs one;
    auto result = one.emplace_back(std::move(what), std::move(coordinator)).end_wish;
    {
      std::lock_guard guard{mutex_};
      jobs_.splice(jobs_.end(), one);
    }
    wake();
    return result;
  }

  /// No order will come any more.
  void close() noexcept {
    {
      std::lock_guard guard{mutex_};
      closed_ = true;
    }
    wake();
  }

  /// There is something to be looked at.
  void wake() noexcept { switch_.set(); }

  /// Appends what has been ordered. @returns whether more may come.
  bool take(hook_jobs& to) noexcept {
    switch_.clear();
    std::lock_guard guard{mutex_};
    to.splice(to.end(), jobs_);
    return !closed_;
  }

  /// For poll() with POLLIN: readable after `add`, `close` and `wake`.
  int fd() const noexcept { return switch_.fd(); }

private:
  wakeup switch_;
  std::mutex mutex_;
  hook_jobs jobs_;
  bool closed_ = false;
};

} // namespace cafbus
