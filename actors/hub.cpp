#include "actors/hub.hpp"

#include "actors/consumer_report.hpp"
#include "actors/hub_log.hpp"
#include "actors/hub_past.hpp"
#include "actors/interest_builder.hpp"
#include "actors/publisher_credit.hpp"
#include "actors/spawn_on_event_path.hpp"
#include "actors/type_wish.hpp"
#include "config/log.hpp"
#include "messages/event_encoder.hpp"

#include <algorithm>
#include <caf/response_promise.hpp>
#include <caf/typed_response_promise.hpp>
#include <spdlog/logger.h>

namespace cafbus {

namespace {

/// How long a link may take to describe itself.
constexpr auto link_answer_timeout = std::chrono::seconds{1};

/// Invariant: `router` and `consumers` know the same conns, by actor id, and each of them is monitored.
template <class Base>
class hub_impl : public Base {
public:
  hub_impl(caf::actor_config& config, hub_options x)
    : Base{config}, supervisor{std::move(x.supervisor)}, node{x.node}, wall_clock{std::move(x.wall_clock)},
      router{dedup_window{x.dedup_capacity, x.dedup_ttl}, x.node}, past{x.past, x.epoch, x.dedup_capacity != 0} {}

  const char* name() const override { return "hub"; }

  void handle(const publish& x) override { on_publish(x); }

  /// Subscribers may hold the hub: what they are reached by must not outlive it.
  void on_exit() override {
    consumers.clear();
    held.clear();
    past.clear();
    supervisor = nullptr;
    Base::on_exit();
  }

protected:
  hub_actor::behavior_type make_behavior() override {
    this->set_down_handler([this](const caf::down_msg& x) { remove(x.source.id()); });
    this->set_error_handler([](caf::error&) {}); // nobody's failure is the hub's
    return {
        [this](const publish& x) { return on_publish(x); },
        [this](const drain&) { return on_drain(); },
        [this](const subscribe& x) { return on_subscribe(x); },
        [this](const unsubscribe& x) { on_unsubscribe(x); },
        [this](const source_status& x) { on_source_status(x); },
        [this](const reconfigure& x) { on_reconfigure(x); },
        [this](const attach_link& x) { on_attach_link(x); },
        [this](const read_interest& x) { return on_read_interest(x); },
        [this](const stream_news& x) { return on_stream_news(x); },
        [this](const read_streams& x) { return on_read_streams(x); },
        [this](const number_events&) { router.streams().number_own(); },
        [this](const list_consumers&) { return on_list_consumers(); },
        [this](const read_hub_status&) { return on_read_status(); },
        [this](const block_over& x) { on_block_over(x); },
    };
  }

private:
  struct consumer {
    conn_actor conn;
    consumer_info info;
    std::vector<node_path> via;
    uint64_t wished_at = 0; // in the time of the streams
  };
  struct held_answer {
    caf::typed_response_promise<published> promise;
    published how;
  };
  struct known_source {
    source_status last;
    std::chrono::system_clock::time_point since;
  };

  caf::result<published> on_publish(const publish& x) {
    auto promise = this->template make_response_promise<published>();
    if (is_drained) // its conns may have said their last
      promise.deliver(caf::make_error(caf::sec::unexpected_message, "the bus is stopping"));
    else if (auto answer = take_in(x); credit.is_held(last_ticket))
      held.emplace(last_ticket, held_answer{promise, answer});
    else
      promise.deliver(answer);
    return promise;
  }

  /// @post if its publisher is to wait, `credit` holds `last_ticket`
  published take_in(const publish& x) {
    ++last_ticket;
    auto& counters = router.counters();
    counters.rejected += x.rejected;
    if (!x.batch || x.batch->empty())
      return {};
    last_event_at = time_of_day(wall_clock);
    auto before = counters;
    const auto now = this->clock().now();
    auto routes = router.routes(*x.batch, now);
    past.keep(x.batch, router, before.ingress + 1, counters.unmatched != before.unmatched, now);
    tell_lost_by_order(); // before what has come
    send_out(x.batch, routes, before.ingress + 1);
    if (!credit.empty() || x.wait_for_room.count() > 0)
      hold({x.pid, x.wait_for_room}, *x.batch, routes, now);
    log_received(*x.batch);
    auto duplicates = counters.duplicates - before.duplicates;
    return {x.batch->size() - duplicates, duplicates, counters.unmatched - before.unmatched, routes.size()};
  }

  /// Its conns have the batch: those that have no more room for another one are waited for.
  void hold(const publisher_credit::publisher& whose, const event_batch& batch,
            std::span<const event_router::route> routes, publisher_credit::time_point now) {
    for (const auto& [id, slot, spans] : routes) {
      auto [ask, timer] = credit.hold(last_ticket, whose, id, size_of(batch, spans), now);
      if (timer)
        this->delayed_send(this, *timer, block_over{id});
      if (!ask)
        continue;
      auto on_room = [this, id = id](const room& left) {
        credit.has_room(id, left);
        answer_released();
      };
      this->request(at_slot[slot]->conn, caf::infinite, await_room{}).then(on_room, [on_room](const caf::error&) {
        on_room({});
      });
    }
  }

  void on_block_over(const block_over& x) {
    if (auto again = credit.look(x.consumer, this->clock().now()))
      this->delayed_send(this, *again, x);
    const auto released = answer_released();
    if (auto i = consumers.find(x.consumer); released != 0 && i != consumers.end())
      log_block_over(i->second.info, released, this->clock().now());
  }

  /// @returns how many publishers go on.
  size_t answer_released() {
    auto released = credit.take_released();
    for (auto ticket : released)
      if (auto answer = held.extract(ticket))
        answer.mapped().promise.deliver(answer.mapped().how);
    return released.size();
  }

  drained on_drain() {
    is_drained = true;
    credit.release_all();
    answer_released();
    return {};
  }

  void send_out(const event_batch_ptr& batch, std::span<const event_router::route> routes, uint64_t base) {
    caf::message message;
    const std::vector<event_span>* last_spans = nullptr;
    for (const auto& [id, slot, spans] : routes) {
      if (!last_spans || *last_spans != spans) // most often all want the same, and share one message
        message = caf::make_message(deliver{batch, spans, router.numbers(), base});
      last_spans = &spans;
      tell(*at_slot[slot], message);
    }
    for (const auto& [id, why] : router.failed()) // they have been sent what came before
      this->send(consumers.find(id)->second.conn, end_by_filter{why});
  }

  /// At once, whatever else its conn has to do.
  void tell(const consumer& x, const caf::message& what) {
    caf::actor_cast<caf::abstract_actor*>(x.conn)->enqueue(nullptr, caf::make_message_id(), what, this->context());
  }

  // -- what other buses' events have come to -------------------------------------------------------------------------

  stream_news_taken on_stream_news(const stream_news& x) {
    auto& streams = router.streams();
    auto moved = false;
    for (const auto& y : x.followed)
      moved = streams.follow(y) || moved;
    for (const auto& y : x.left)
      streams.unfollow(y);
    stream_news_taken answer;
    for (const auto& y : x.missing) {
      auto lost = streams.miss(y);
      moved = moved || lost != 0;
      answer.lost += lost;
      if (lost != 0)
        tell_lost(y.type, lost);
    }
    if (moved)
      tell_moved();
    return answer;
  }

  void tell_moved() {
    for (const auto& [id, link] : links)
      this->send(link, streams_moved{});
  }

  void tell_lost_by_order() {
    const auto lost = router.lost();
    for (const auto& [type, count] : lost) // of the copy, for the router is asked again
      tell_lost(type, count);
    if (!lost.empty())
      tell_moved();
  }

  /// The buses behind this one see for themselves what is missing.
  void tell_lost(const std::string& type, uint64_t count) {
    auto message = caf::make_message(lose{count});
    for (auto id : router.wanting(type))
      if (const auto& x = consumers.find(id)->second; x.via.empty())
        tell(x, message);
  }

  stream_list on_read_streams(const read_streams& x) {
    auto i = consumers.find(x.consumer);
    return i == consumers.end() ? stream_list{} : streams_of(i->second.info, {}, i->second.wished_at);
  }

  /// The streams that a link's conn gets its events from now, and did not by `before`.
  stream_list streams_of(const consumer_info& now, const consumer_info& before, uint64_t since = UINT64_MAX) {
    const type_wish wanted{now};
    const type_wish known{before};
    router.streams().begin_own(now.event_types); // how far one is, 0 as yet, is worth saying, too
    return {router.streams().list(
        [&](const std::string& type) { return wanted.stands_for(type) && !known.stands_for(type); }, since)};
  }

  stream_list on_subscribe(const subscribe& x) {
    auto id = x.conn.id();
    auto [i, is_new] = consumers.try_emplace(id, consumer{x.conn, x.info, x.via});
    const auto before = is_new ? consumer_info{} : i->second.info;
    auto answer = x.via.empty() ? stream_list{} : streams_of(x.info, before);
    // it stays when the names change, with what it has counted
    auto filtering = is_new ? event_router::filtering{x.filter, x.info.on_filter_error} : router.filtering_of(id);
    if (!is_new) {
      router.remove(id);
      i->second.info = x.info;
      i->second.via = x.via;
    }
    const auto slot = router.add(id, x.info.event_types, x.info.patterns);
    at_slot.resize(std::max(at_slot.size(), slot + size_t{1}));
    at_slot[slot] = &i->second;
    i->second.wished_at = router.streams().time();
    if (is_new && (x.info.replay || x.info.cursors))
      begin_with_past(i->second, filtering);
    router.set_filter(id, std::move(filtering));
    if (x.info.policy == queue_policy::block)
      credit.add(id, x.info.block_time);
    tell_links();
    if (!is_new)
      return answer;
    this->monitor(x.conn);
    if (supervisor)
      this->send(supervisor, consumer_came{caf::actor_cast<caf::strong_actor_ptr>(x.conn)});
    for (const auto& [name, source] : sources)
      this->send(x.conn, source.last);
    return answer;
  }

  /// In the turn in which it is subscribed: what came before is in the past, what comes from now on is delivered.
  void begin_with_past(const consumer& x, event_router::filtering& filtering) {
    auto [events, failure] = past.begin(x.info, filtering, router, {this->clock().now(), time_of_day(wall_clock)});
    tell(x, caf::make_message(std::move(events)));
    if (filtering.failed)
      this->send(x.conn, end_by_filter{std::move(failure)});
  }

  void on_reconfigure(const reconfigure& x) {
    router.remember_ids_for(x.dedup_ttl);
    past.set_bounds(history::bounds_of(x), this->clock().now());
  }

  void on_unsubscribe(const unsubscribe& x) {
    this->demonitor(x.conn.address());
    remove(x.conn.id());
  }

  void remove(caf::actor_id id) {
    links.erase(id);
    auto i = consumers.find(id);
    if (i == consumers.end())
      return; // gone already
    router.remove(id);
    credit.remove(id);
    answer_released();
    tell_links();
    if (supervisor)
      this->send(supervisor, consumer_went{caf::actor_cast<caf::strong_actor_ptr>(i->second.conn)});
    consumers.erase(i);
  }

  void on_source_status(const source_status& x) {
    auto& known = sources[x.source];
    if (known.last.state != x.state)
      known.since = time_of_day(wall_clock);
    known.last = x;
    log_source(x, this->clock().now());
    for (const auto& [id, consumer] : consumers)
      this->send(consumer.conn, x);
  }

  void on_attach_link(const attach_link& x) {
    if (links.emplace(x.link.id(), x.link).second)
      this->monitor(x.link);
  }

  void tell_links() {
    for (const auto& [id, link] : links)
      this->send(link, interest_changed{});
  }

  node_interest on_read_interest(const read_interest& x) const {
    interest_builder result{node, x.peer};
    for (const auto& [id, consumer] : consumers)
      result.add(consumer.info.event_types, consumer.info.patterns, consumer.via);
    return result.finish();
  }

  caf::result<consumer_list> on_list_consumers() {
    auto state = std::make_shared<consumer_listing>();
    state->promise = this->template make_response_promise<consumer_list>();
    state->missing = consumers.size() + links.size() + 1;
    state->result.consumers.resize(consumers.size());
    std::vector<caf::actor_id> ids;
    for (const auto& [id, consumer] : consumers)
      ids.push_back(id);
    std::sort(ids.begin(), ids.end());
    for (size_t i = 0; i < ids.size(); ++i) {
      const auto& [conn, info, via, wished_at] = consumers.find(ids[i])->second;
      state->result.consumers[i] = report_on(info, {});
      this->request(conn, caf::infinite, read_conn_counters{})
          .then(
              [this, state, i, info = info, id = ids[i]](const conn_counters& x) {
                auto& status = state->result.consumers[i] = report_on(info, x);
                status.blocks = credit.waiting_for(id);
                const auto filtering = router.filtering_of(id);
                status.filtered = filtering.filtered;
                status.filter_errors = filtering.errors;
                state->arrived();
              },
              [state](const caf::error&) { state->arrived(); }); // it has just ended; its zeros say as much
    }
    state->result.links.resize(links.size());
    for (size_t place = 0; const auto& [id, link] : links) {
      this->request(link, link_answer_timeout, read_link{})
          .then(
              [state, i = place++](const link_report& x) {
                state->result.links[i] = x;
                state->arrived();
              },
              [state](const caf::error&) { state->arrived(); });
    }
    auto promise = state->promise;
    state->arrived();
    return promise;
  }

  hub_status on_read_status() const {
    hub_status result;
    result.counters = router.counters();
    result.unmatched_types = router.unmatched_types();
    for (const auto& [name, x] : sources)
      result.sources.push_back({name, x.last.state, x.last.detail, to_rfc3339(x.since)});
    if (last_event_at != std::chrono::system_clock::time_point{})
      result.last_event_at = to_rfc3339(last_event_at);
    return result;
  }

  idle_supervisor_actor supervisor;
  uint64_t node;
  cafbus::wall_clock wall_clock;
  event_router router;
  hub_past past;
  std::unordered_map<caf::actor_id, consumer> consumers;
  std::vector<const consumer*> at_slot;           // of `router`; each event looks here, and not in the map
  std::map<caf::actor_id, node_link_actor> links; // to other buses
  publisher_credit credit;
  uint64_t last_ticket = 0;                       // of a batch
  std::unordered_map<uint64_t, held_answer> held; // of the batches that `credit` holds
  std::map<std::string, known_source> sources;
  std::chrono::system_clock::time_point last_event_at{};
  bool is_drained = false;
};

} // namespace

hub_actor spawn_hub(caf::actor_system& system, hub_options options) {
  return spawn_on_event_path<hub_impl, hub_actor, publish>(system, std::move(options));
}

} // namespace cafbus
