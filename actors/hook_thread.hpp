#pragma once
#include "actors/hook_orders.hpp"
#include "actors/left_groups.hpp"

#include <poll.h>
#include <vector>

namespace cafbus {

/// What the thread of all hooks does: it polls a pidfd and a pipe of each, and the switch that says that there are
/// orders. A hook costs two descriptors while it runs, no thread and no memory of ours beyond its last words.
///
/// Every order is answered: one that there is no memory for has failed, and is told as soon as there is enough for
/// that.
class hook_thread {
public:
  /// @param most_left Ids whose processes are kept beyond their hook, as `left_groups` counts them.
  hook_thread(std::shared_ptr<hook_orders> orders, command_defaults usual, size_t most_left)
    : orders_{std::move(orders)}, defaults_{std::move(usual)}, left_{most_left} {}

  /// Until no order may come any more and all have been answered.
  void run();

private:
  using clock = std::chrono::steady_clock;
  using stage = hook_job::stage;

  void wait();
  bool poll();
  void look_at(hook_job& x);
  void begin(hook_job& x);
  command_context context(const hook_run& x) const;
  void look_at_shell(hook_job& x);
  void on_end(hook_job& x, exit_status how);
  void finish(hook_job& x);
  void look_at_left(hook_job& x);
  void give_up(hook_job& x) noexcept;

  std::shared_ptr<hook_orders> orders_;
  command_defaults defaults_;
  hook_jobs jobs_;
  left_groups left_;
  std::vector<pollfd> fds_;
};

} // namespace cafbus
