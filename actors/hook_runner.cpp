#include "actors/hook_runner.hpp"

#include "actors/hook_thread.hpp"
#include "actors/own_thread.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <memory>

namespace cafbus {

namespace {

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
    return [wish = orders_->add(what, coordinator), orders = orders_](std::chrono::nanoseconds kill_after) {
      wish->say(kill_after);
      orders->wake();
    };
  }

private:
  result<void> have_thread() {
    if (orders_)
      return {};
    auto made = wakeup::make();
    if (!made)
      return made.error();
    auto orders = std::make_shared<hook_orders>(std::move(*made));
    auto hooks = std::make_shared<hook_thread>(orders, defaults_, most_left_);
    if (auto started = run_on_own_thread(system_, [hooks](caf::scoped_actor&) { hooks->run(); }); !started)
      return started.error();
    orders_ = std::move(orders);
    return {};
  }

  caf::actor_system& system_;
  command_defaults defaults_;
  size_t most_left_;
  std::shared_ptr<hook_orders> orders_; ///< Null: there is no thread.
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
