#include "actors/conn.hpp"

#include "actors/spawn_on_event_path.hpp"
#include "actors/stall_watch.hpp"
#include "config/log.hpp"
#include "config/log_limit.hpp"

#include <atomic>
#include <caf/response_promise.hpp>
#include <caf/send.hpp>
#include <caf/typed_response_promise.hpp>
#include <map>
#include <new>
#include <optional>
#include <spdlog/logger.h>

namespace cafbus {

namespace {

using namespace std::chrono_literals;

log::shared_limit left_limit{log::usual_lines_per_second}; // of all conns, as there is one log
log::shared_limit stalled_limit{log::usual_lines_per_second};
log::shared_limit evicted_limit{log::usual_lines_per_second};
log::shared_limit filter_limit{log::usual_lines_per_second};
log::shared_limit drop_limit{log::usual_lines_per_second};

/// Invariant: while `mailbox` is busy or a status waits, a wake-up is on its way or a delivery is `in_flight`. While
/// one is, and there is a limit to it, a `delivery_overdue` is on its way.
template <class Base>
class conn_impl : public Base {
public:
  conn_impl(caf::actor_config& config, mailbox_bounds bounds, consumer_info who, subscriber_actor to,
            std::chrono::nanoseconds limit)
    : Base{config}, subscriber{std::move(to)}, handler{handler_in<delivery>(subscriber)}, watch{limit},
      mailbox{std::move(bounds)}, info{std::move(who)} {}

  const char* name() const override { return "conn"; }

  /// A subscriber may outlive many conns: it must not keep their memory, nor they it.
  void on_exit() override {
    this->demonitor(subscriber.address());
    subscriber = nullptr;
    handler = nullptr;
    Base::on_exit();
  }

protected:
  bool take(const caf::type_erased_tuple& x, caf::execution_unit* host) override {
    switch (place_of<deliver, replay_events, lose>(x)) {
    case 0:
      on_deliver(x.get_as<deliver>(0), host);
      return true;
    case 1:
      on_replay(x.get_as<replay_events>(0), host);
      return true;
    case 2:
      on_lose(x.get_as<lose>(0), host);
      return true;
    default:
      return false;
    }
  }

  conn_actor::behavior_type make_behavior() override {
    this->monitor(subscriber);
    this->set_down_handler([this](const caf::down_msg& x) {
      answer_drains(); // there is nobody to hand anything to
      this->quit(x.reason);
    });
    this->set_error_handler([this](caf::error& x) { on_error(x); });
    this->attach_functor([this] { on_end(); });
    return {
        [this](const deliver& x) { on_deliver(x, this->context()); },
        [this](const replay_events& x) { on_replay(x, this->context()); },
        [this](const lose& x) { on_lose(x, this->context()); },
        [this](end_by_filter& x) { on_end_by_filter(std::move(x.why)); },
        [this](const mailbox_filled& x) { handle(x); },
        [this](const delivery_overdue&) { on_overdue(); },
        [this](const delivered& x) { handle(x); },
        [this](const consumer_stats& x) { stats = x; },
        [this](const source_status& x) { on_source_status(x); },
        [this](const drain&) { return on_drain(); },
        [this](const await_room&) { return on_await_room(); },
        [this](const read_conn_counters&) {
          auto result = mailbox.counters();
          result.stats = stats;
          return result;
        },
    };
  }

private:
  void on_deliver(const deliver& x, caf::execution_unit* host) {
    guarded([&] {
      delivery next;
      auto* taken = this->is_free(host) && !in_flight ? &next.events : nullptr; // the subscriber waits for it
      auto [wake, dropped, evicted] = mailbox.push(x.batch, x.spans, x.numbers, x.base, taken);
      if (!next.events.empty())
        return this->run([&] {
          send_out(next);
          log_drops();
        });
      if (dropped > 0)
        has_dropped.store(true, std::memory_order_relaxed);
      if (evicted)
        is_evicted.store(true, std::memory_order_relaxed); // before the wake-up, which orders it
      if (wake || evicted)
        this->tell_self(mailbox_filled{}, host);
    });
  }

  void on_replay(const replay_events& x, caf::execution_unit* host) {
    guarded([&] {
      epoch.store(x.epoch, std::memory_order_relaxed); // before anything comes in, whose lock orders it
      if (mailbox.replay(x.events, x.lost))
        this->tell_self(mailbox_filled{}, host);
    });
  }

  void on_lose(const lose& x, caf::execution_unit* host) {
    guarded([&] {
      has_dropped.store(true, std::memory_order_relaxed);
      if (mailbox.lose(x.count))
        this->tell_self(mailbox_filled{}, host);
    });
  }

  /// On the sender's thread, outside of a turn: the hub must survive it when there is no memory for what is to wait
  /// here.
  template <class F>
  void guarded(F action) {
    try {
      action();
    } catch (const std::bad_alloc&) {
      mailbox.close();
      caf::anon_send_exit(this->address(), caf::exit_reason::unhandled_exception);
    }
  }

  void handle(const mailbox_filled&) override { deliver_next(); }

  void handle(const delivered&) override {
    if (!in_flight)
      return; // an answer to nothing
    if (on_answer({}))
      deliver_next();
    answer_room();
  }

  /// @param spare What was delivered, for its memory.
  /// @returns whether there is more to deliver
  bool on_answer(std::vector<event_range>&& spare) {
    in_flight = false;
    watch.answered();
    if (has_said_so) {
      this->quit(caf::exit_reason::user_shutdown);
      return false;
    }
    const auto has_more = mailbox.credited(std::move(spare));
    return has_more || !statuses.empty() || !waiting.empty() || !filter_failure.empty();
  }

  void deliver_next() {
    if (is_evicted.load(std::memory_order_relaxed))
      return say_evicted();
    if (in_flight)
      return;
    delivery next;
    next.events = mailbox.take();
    next.gaps = mailbox.taken_gaps();
    for (auto& [name, status] : statuses)
      next.statuses.push_back(std::move(status));
    statuses.clear();
    if (next.events.empty() && next.gaps.empty() && !filter_failure.empty())
      return say_filter_failed();
    if (next.events.empty() && next.gaps.empty() && next.statuses.empty()) {
      answer_drains();
      return;
    }
    send_out(next);
    log_drops();
  }

  void send_out(delivery& x) {
    in_flight = true;
    x.epoch = epoch.load(std::memory_order_relaxed);
    if (hand_over(*this, subscriber, handler, x)) {
      if (on_answer(std::move(x.events)))
        this->tell_self(mailbox_filled{}, this->context()); // once more in this turn at most, see `inline_turn`
      return answer_room();
    }
    if (!watch.has_limit())
      return;
    if (auto due = watch.sent(this->clock().now()))
      this->delayed_send(this, *due, delivery_overdue{});
  }

  void on_overdue() {
    const auto [stalled, again] = watch.look(this->clock().now());
    if (stalled)
      end_stalled("it has not answered");
    else if (again)
      this->delayed_send(this, *again, delivery_overdue{});
  }

  /// Its answer to a delivery, which is none; it is noticed by itself when it ends.
  void on_error(const caf::error& x) {
    if (in_flight && subscriber && this->current_sender() == subscriber)
      end_stalled("it has answered with an error: " + this->system().render(x));
  }

  /// It may hang on what it has, so nobody waits for it to take this.
  void end_stalled(const std::string& why) {
    if (!has_said_so) {
      delivery last;
      last.closed = close_reason::stalled;
      this->send(subscriber, std::move(last));
    }
    if (auto times = stalled_limit.pass(this->clock().now()))
      log::conn().warn("subscriber-stalled pid={} key={} reason={} times={}", info.pid, log::quoted(info.event_key),
                       log::quoted(why), *times);
    answer_drains();
    this->quit(caf::exit_reason::user_shutdown);
  }

  void answer_drains() {
    for (auto& x : waiting)
      x.deliver(drained{});
    waiting.clear();
  }

  /// Beside the delivery that is in flight, if one is: that may be what it hangs on. The answer to this, or to that,
  /// ends the conn; a session ends by itself.
  void say_evicted() {
    if (has_said_so)
      return;
    has_said_so = true;
    delivery last;
    last.closed = close_reason::evicted;
    send_out(last);
    if (auto times = evicted_limit.pass(this->clock().now()))
      log::conn().warn("consumer-evicted pid={} key={} times={}", info.pid, log::quoted(info.event_key), *times);
  }

  /// What came before it is in the mailbox, and is delivered first.
  void on_end_by_filter(std::string why) {
    filter_failure = std::move(why);
    deliver_next();
  }

  void say_filter_failed() {
    if (has_said_so)
      return;
    has_said_so = true;
    delivery last;
    last.closed = close_reason::filter_failed;
    last.filter_failure = filter_failure;
    send_out(last);
    if (auto times = filter_limit.pass(this->clock().now()))
      log::conn().warn("filter-failed pid={} key={} reason={} times={}", info.pid, log::quoted(info.event_key),
                       log::quoted(filter_failure), *times);
  }

  caf::result<room> on_await_room() {
    auto promise = this->template make_response_promise<room>();
    if (auto left = mailbox.room_left())
      promise.deliver(*left);
    else
      room_wanted.push_back(promise);
    return promise;
  }

  void answer_room() {
    if (room_wanted.empty())
      return;
    const auto left = mailbox.room_left();
    if (!left)
      return;
    for (auto& x : room_wanted)
      x.deliver(*left);
    room_wanted.clear();
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
    next_drop_log = now + 1s;
    if (!drop_limit.pass(now))
      return; // the next line counts these, too
    has_dropped.store(false, std::memory_order_relaxed);
    auto dropped = mailbox.counters().dropped;
    log::conn().warn("events-dropped pid={} key={} dropped={} dropped_total={}", info.pid, log::quoted(info.event_key),
                     dropped - drops_logged, dropped);
    drops_logged = dropped;
  }

  void on_end() {
    mailbox.close();
    waiting.clear(); // a promise keeps its actor alive
    room_wanted.clear();
    auto x = mailbox.counters();
    if (auto times = left_limit.pass(this->clock().now()))
      log::conn().info("consumer-left pid={} key={} received={} delivered={} dropped={} undelivered={} times={}",
                       info.pid, log::quoted(info.event_key), x.received, x.delivered, x.dropped, x.queued, *times);
  }

  // What each delivery needs comes first: a hundred conns share the caches.
  subscriber_actor subscriber;
  handler_of<delivery>* handler;         // of the subscriber
  bool in_flight = false;                // a delivery that the subscriber has not answered
  bool has_said_so = false;              // to the subscriber: that it is evicted, or its filter has failed
  std::atomic<bool> is_evicted = false;  // set on the hub's thread
  std::atomic<bool> has_dropped = false; // something that is not logged yet; set on the hub's thread
  stall_watch watch;                     // of what is in flight
  std::atomic<uint64_t> epoch = 0;       // of cursors; set on the hub's thread
  bounded_mailbox mailbox;
  std::vector<caf::typed_response_promise<drained>> waiting;
  std::vector<caf::typed_response_promise<room>> room_wanted;
  std::map<std::string, source_status> statuses; // newest per source, not delivered yet
  std::string filter_failure;                    // why it is to end; empty: it is not
  consumer_info info;
  std::optional<consumer_stats> stats; // that its subscriber told last
  uint64_t drops_logged = 0;
  caf::actor_clock::time_point next_drop_log{};
};

} // namespace

conn_actor spawn_conn(caf::actor_system& system, mailbox_bounds bounds, consumer_info info, subscriber_actor subscriber,
                      std::chrono::nanoseconds stall_limit) {
  return spawn_on_event_path<conn_impl, conn_actor, mailbox_filled, delivered>(
      system, with_wishes(std::move(bounds), info), std::move(info), std::move(subscriber), stall_limit);
}

} // namespace cafbus
