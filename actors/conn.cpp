#include "actors/conn.hpp"

#include "actors/spawn_beside_sockets.hpp"
#include "config/log.hpp"

#include <atomic>
#include <caf/response_promise.hpp>
#include <caf/send.hpp>
#include <caf/typed_response_promise.hpp>
#include <map>
#include <new>
#include <spdlog/logger.h>

namespace cafbus {

namespace {

using namespace std::chrono_literals;

/// Invariant: while `mailbox` is busy or a status waits, a wake-up is on its way or a delivery is `flying`.
///
/// What is on the path of an event is done in `enqueue`, without a turn of this actor, if hub and subscriber run on the
/// multiplexer's thread as it does: then none of its own handlers can be running.
template <class Base>
class conn_impl : public Base {
  static constexpr bool beside_sockets = std::is_base_of_v<caf::io::abstract_broker, Base>;

public:
  conn_impl(caf::actor_config& config, bounded_mailbox::limits limits, consumer_info who, subscriber_actor to)
    : Base{config}, mailbox{limits}, info{std::move(who)}, subscriber{std::move(to)} {}

  using Base::enqueue;

  void enqueue(caf::mailbox_element_ptr ptr, caf::execution_unit* host) override {
    if (!took(ptr->content(), host))
      Base::enqueue(std::move(ptr), host);
  }

  void enqueue(caf::strong_actor_ptr sender, caf::message_id id, caf::message content,
               caf::execution_unit* host) override {
    if (!took(content, host))
      Base::enqueue(caf::make_mailbox_element(std::move(sender), id, {}, std::move(content)), host);
  }

  const char* name() const override { return "conn"; }

  /// A subscriber may outlive many conns: it must not keep their memory, nor they it.
  void on_exit() override {
    this->demonitor(subscriber.address());
    subscriber = nullptr;
    Base::on_exit();
  }

protected:
  conn_actor::behavior_type make_behavior() override {
    this->monitor(subscriber);
    this->set_down_handler([this](const caf::down_msg& x) { this->quit(x.reason); });
    this->set_error_handler([](caf::error&) {}); // a subscriber that fails to answer is noticed when it ends
    this->attach_functor([this] { on_end(); });
    ready = true;
    return {
        [](const deliver&) {}, // taken in `enqueue`
        [this](const mailbox_filled&) { deliver_next(); },
        [this](const delivered&) { on_delivered(); },
        [this](const source_status& x) { on_source_status(x); },
        [this](const drain&) { return on_drain(); },
        [this](const read_conn_counters&) { return mailbox.counters(); },
    };
  }

private:
  /// Does what takes no turn of this actor. @returns whether `content` was such a thing.
  template <class Content>
  bool took(const Content& content, caf::execution_unit* host) {
    if (content.template match_elements<deliver>()) {
      take_in(content.template get_as<deliver>(0), host);
      return true;
    }
    if (!is_at_hand(host) || !waiting.empty() || !content.template match_elements<delivered>())
      return false;
    on_delivered();
    return true;
  }

  /// On the hub's thread, which must survive it when there is no memory for what is to wait here.
  void take_in(const deliver& x, caf::execution_unit* host) {
    try {
      auto [wake, lost] = mailbox.push(x.batch, x.spans, x.number);
      if (lost > 0)
        has_dropped.store(true, std::memory_order_relaxed);
      if (wake && is_at_hand(host))
        deliver_next();
      else if (wake)
        wake_up(host);
    } catch (const std::bad_alloc&) {
      mailbox.close();
      caf::anon_send_exit(this->address(), caf::exit_reason::unhandled_exception);
    }
  }

  void wake_up(caf::execution_unit* host) {
    Base::enqueue(caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, mailbox_filled{}), host);
  }

  /// Whether the sender runs on this actor's thread, where it is not in the middle of anything.
  bool is_at_hand([[maybe_unused]] const caf::execution_unit* host) {
    if constexpr (beside_sockets)
      return host != nullptr && host == this->context() && ready;
    else
      return false;
  }

  void deliver_next() {
    if (flying)
      return;
    delivery next;
    next.events = mailbox.take();
    for (auto& [name, status] : statuses)
      next.statuses.push_back(std::move(status));
    statuses.clear();
    if (next.events.empty() && next.statuses.empty()) {
      for (auto& x : waiting)
        x.deliver(drained{});
      waiting.clear();
      return;
    }
    flying = true;
    sending = true;
    this->send(subscriber, std::move(next));
    sending = false;
    log_drops();
  }

  void on_delivered() {
    if (!flying)
      return; // an answer to nothing
    flying = false;
    if (!mailbox.credited() && statuses.empty() && waiting.empty())
      return;
    if (sending) // the subscriber took it at once: what is left must not go ahead of all others
      wake_up(this->context());
    else
      deliver_next();
  }

  void on_source_status(const source_status& x) {
    statuses[x.source] = x;
    deliver_next();
  }

  caf::result<drained> on_drain() {
    auto promise = this->template make_response_promise<drained>();
    waiting.push_back(promise);
    deliver_next();
    return promise;
  }

  void log_drops() {
    if (!has_dropped.load(std::memory_order_relaxed))
      return;
    auto now = this->clock().now();
    if (now < next_drop_log)
      return;
    has_dropped.store(false, std::memory_order_relaxed);
    auto dropped = mailbox.counters().dropped;
    log::conn().warn("events-dropped pid={} key={} dropped={} dropped_total={}", info.pid, log::quoted(info.event_key),
                     dropped - drops_logged, dropped);
    drops_logged = dropped;
    next_drop_log = now + 1s;
  }

  void on_end() {
    ready = false;
    mailbox.close();
    waiting.clear(); // a promise keeps its actor alive
    auto x = mailbox.counters();
    log::conn().info("consumer-left pid={} key={} received={} delivered={} dropped={} undelivered={}", info.pid,
                     log::quoted(info.event_key), x.received, x.delivered, x.dropped, x.queued);
  }

  bounded_mailbox mailbox;
  consumer_info info;
  subscriber_actor subscriber;
  bool ready = false; // between its first and its last turn
  bool flying = false;
  bool sending = false;                          // `deliver_next` is at it
  std::map<std::string, source_status> statuses; // newest per source, not delivered yet
  std::vector<caf::typed_response_promise<drained>> waiting;
  std::atomic<bool> has_dropped = false; // something that is not logged yet; set on the hub's thread
  uint64_t drops_logged = 0;
  caf::actor_clock::time_point next_drop_log{};
};

} // namespace

conn_actor spawn_conn(caf::actor_system& system, bounded_mailbox::limits limits, consumer_info info,
                      subscriber_actor subscriber) {
  return spawn_beside_sockets<conn_impl, conn_actor>(system, limits, std::move(info), std::move(subscriber));
}

} // namespace cafbus
