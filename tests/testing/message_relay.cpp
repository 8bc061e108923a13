#include "testing/message_relay.hpp"

#include <algorithm>
#include <caf/actor_config.hpp>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/send.hpp>

namespace cafbus::testing {

namespace {

/// Never sent: an actor without a handler would end.
struct never {};

} // namespace

} // namespace cafbus::testing

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::testing::never)

namespace cafbus::testing {

namespace {

/// Works in `enqueue`, so that what it does to a message is no turn of the scheduler.
class message_relay : public caf::event_based_actor {
public:
  message_relay(caf::actor_config& config, caf::strong_actor_ptr to, const relay_faults& faults,
                std::mt19937_64* random)
    : caf::event_based_actor{config}, to_{std::move(to)}, faults_{faults}, random_{random} {}

  const char* name() const override { return "message-relay"; }

  using caf::event_based_actor::enqueue;

  void enqueue(caf::mailbox_element_ptr x, caf::execution_unit* host) override {
    const auto& content = x->content();
    if (!to_ || content.match_elements<caf::exit_msg>() || content.match_elements<caf::down_msg>())
      return caf::event_based_actor::enqueue(std::move(x), host);
    if (faults_.loses && faults_.loses(content))
      return;
    auto now = clock().now();
    auto lot = (*random_)() % 1000;
    if (lot < faults_.drop)
      return;
    lot -= faults_.drop;
    if (lot < faults_.reorder)
      return clock().schedule_message(now + lateness(), to_, std::move(x));
    lot -= faults_.reorder;
    if (lot < faults_.delay)
      free_at_ = std::max(free_at_, now + lateness());
    if (free_at_ > now)
      clock().schedule_message(free_at_, to_, std::move(x));
    else
      to_->enqueue(std::move(x), host);
  }

  void on_exit() override {
    caf::anon_send_exit(to_, caf::exit_reason::user_shutdown);
    to_ = nullptr;
    caf::event_based_actor::on_exit();
  }

protected:
  caf::behavior make_behavior() override {
    monitor(caf::actor_cast<caf::actor_addr>(to_));
    set_down_handler([this](const caf::down_msg& x) { quit(x.reason); });
    return {[](const never&) {}};
  }

private:
  std::chrono::nanoseconds lateness() {
    return std::chrono::nanoseconds{1 + (*random_)() %
                                            static_cast<uint64_t>(std::max<int64_t>(1, faults_.longest.count()))};
  }

  caf::strong_actor_ptr to_;
  relay_faults faults_;
  std::mt19937_64* random_;
  caf::actor_clock::time_point free_at_{}; // before that nothing may pass what is late
};

} // namespace

caf::actor spawn_message_relay(caf::actor_system& system, caf::strong_actor_ptr to, const relay_faults& faults,
                               std::mt19937_64& random) {
  return system.spawn<message_relay>(std::move(to), faults, &random);
}

} // namespace cafbus::testing
