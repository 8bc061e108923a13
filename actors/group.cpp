#include "actors/group.hpp"

#include "actors/conn.hpp"
#include "actors/consumer_report.hpp"
#include "actors/dead_letter.hpp"
#include "actors/spawn_on_event_path.hpp"
#include "actors/stall_watch.hpp"
#include "config/log.hpp"
#include "config/log_limit.hpp"

#include <algorithm>
#include <caf/response_promise.hpp>
#include <caf/send.hpp>
#include <caf/typed_response_promise.hpp>
#include <map>
#include <spdlog/logger.h>

namespace cafbus {

namespace {

using std::chrono::nanoseconds;

// of all groups, as there is one log
log::shared_limit group_limit{log::usual_lines_per_second};
log::shared_limit dead_limit{log::usual_lines_per_second};
log::shared_limit stalled_member_limit{log::usual_lines_per_second};

group_work::terms terms_of_group(const consumer_info& x, size_t queue_bytes) {
  auto or_usual = [](uint32_t wish, uint32_t usual) { return wish == 0 ? usual : wish; };
  return {x.ack, x.ack ? or_usual(x.max_in_flight, defaults::max_in_flight) : defaults::most_unwritten,
          or_usual(x.max_attempts, defaults::max_attempts), defaults::delivery_bytes, queue_bytes};
}

/// Invariant: `work` and `links` know the same members. `credit` is pending while the conn's delivery is not all with
/// members; then the conn delivers nothing more.
template <class Base>
class group_impl : public Base {
public:
  group_impl(caf::actor_config& config, group_options x)
    : Base{config}, hub{std::move(x.hub)}, bounds{std::move(x.bounds)}, info{std::move(x.info)},
      filter{std::move(x.filter)}, work{terms_of_group(info, bounds.bytes)}, wall_clock{std::move(x.wall_clock)} {}

  const char* name() const override { return "group"; }

  void handle(const delivery& x) override { on_delivery(x); }

  void handle(const delivered&) override {
    if (const auto& from = this->current_sender()) {
      if (auto i = links.find(from->id()); i != links.end()) {
        i->second.in_flight = false;
        i->second.watch.answered();
      }
      work.written(from->id());
      go_on();
    }
  }

  /// Members may outlive the group: they must not keep its memory, nor it theirs.
  void on_exit() override {
    for (const auto& [id, x] : links)
      this->demonitor(x.member.address());
    links.clear();
    entering.clear();
    draining.clear();
    credit = {};
    conn = nullptr; // it ends by itself
    hub = nullptr;
    Base::on_exit();
  }

protected:
  group_actor::behavior_type make_behavior() override {
    this->set_down_handler([this](const caf::down_msg& x) { on_down(x.source); });
    this->set_error_handler([this](caf::error& x) { on_error(x); });
    this->attach_functor([this] { log_end(); });
    begin();
    return {
        [this](const delivery& x) -> caf::result<delivered> {
          on_delivery(x);
          return credit;
        },
        [this](const enter_group& x) { return on_enter(x); },
        [this](const delivered& x) { handle(x); },
        [this](const confirm_event& x) {
          work.confirm(x.member, x.seq);
          go_on();
        },
        [this](const return_event& x) { on_return(x); },
        [this](const member_stats& x) {
          if (auto i = links.find(x.member); i != links.end())
            i->second.stats = x.stats;
        },
        [this](const drain&) { return on_drain(); },
        [this](const read_group&) { return on_read(); },
        [this](const close_group&) {
          is_closing = true;
          end_if_empty();
        },
        [this](const return_due& x) { on_due(x); },
        [this](const delivery_overdue& x) { on_overdue(x); },
    };
  }

private:
  struct link {
    subscriber_actor member;
    consumer_info info;
    std::map<std::string, source_status> statuses; // newest of each source, not delivered yet
    stall_watch watch;
    member_host_actor host = {};
    std::optional<consumer_stats> stats = {}; // that it told last
    bool in_flight = false;                   // a delivery that it has not answered
  };

  /// Its members are answered once the hub knows it: they miss no event that is published from then on.
  void begin() {
    auto own = info;
    own.pid = 0;
    own.tell_gaps = true;
    own.cursors = false;
    conn = spawn_conn(this->system(), bounds, own, subscriber_actor{this});
    this->monitor(conn);
    auto ready = [this] {
      is_ready = true;
      for (auto& [promise, x] : std::exchange(entering, {}))
        admit(promise, x);
    };
    this->request(hub, caf::infinite, subscribe{conn, own, {}, filter})
        .then([ready](const stream_list&) { ready(); }, [ready](const caf::error&) { ready(); });
    if (auto times = group_limit.pass(this->clock().now()))
      log::group().info("group-began group={} ack={} times={}", log::quoted(info.group), info.ack, *times);
  }

  caf::result<group_entered> on_enter(const enter_group& x) {
    auto promise = this->template make_response_promise<group_entered>();
    if (is_ready)
      admit(promise, x);
    else
      entering.emplace_back(promise, x);
    return promise;
  }

  /// First the answer, then events.
  void admit(caf::typed_response_promise<group_entered> promise, const enter_group& x) {
    if (!failed.empty() || work.has(x.member.id())) {
      promise.deliver(group_entered{false, failed.empty() ? "it is a member of that group" : failed, {}});
      return;
    }
    links.insert_or_assign(x.member.id(), link{x.member, x.info, statuses, stall_watch{x.stall_limit}, x.host});
    work.add(x.member.id(), x.info.tell_gaps);
    this->monitor(x.member);
    promise.deliver(group_entered{true, {}, group_actor{this}});
    go_on();
  }

  void on_delivery(const delivery& x) {
    credit = this->template make_response_promise<delivered>();
    for (const auto& y : x.statuses) {
      statuses[y.source] = y;
      for (auto& [id, to] : links)
        to.statuses[y.source] = y;
    }
    if (!x.filter_failure.empty())
      return fail(x.filter_failure);
    work.take(x.events, x.gaps);
    go_on();
  }

  /// No member gets anything more.
  void fail(const std::string& why) {
    failed = why;
    delivery last;
    last.closed = close_reason::filter_failed;
    last.filter_failure = why;
    for (const auto& [id, x] : links)
      this->send(x.member, last);
  }

  /// Whatever has happened: members get what they can be given.
  void go_on() {
    const auto now = this->clock().now();
    if (failed.empty())
      hand_out(now);
    for (const auto& x : work.take_dead())
      bury(x);
    arm(now);
    if (credit.pending() && failed.empty() && work.wants_more())
      std::exchange(credit, {}).deliver(delivered{});
    answer_drains();
    end_if_empty();
  }

  void hand_out(group_work::time_point now) {
    for (auto& x : work.hand_out(now)) {
      delivery next;
      next.events = std::move(x.events);
      next.gaps = std::move(x.gaps);
      send_to(links.find(x.member)->second, std::move(next));
    }
    for (auto& [id, x] : links)
      if (!x.statuses.empty() && work.begin_delivery(id))
        send_to(x, {});
  }

  void send_to(link& to, delivery next) {
    for (auto& [source, status] : to.statuses)
      next.statuses.push_back(std::move(status));
    to.statuses.clear();
    this->send(to.member, std::move(next));
    to.in_flight = true;
    if (!to.watch.has_limit())
      return;
    if (auto due = to.watch.sent(this->clock().now()))
      this->delayed_send(this, *due, delivery_overdue{to.member.id()});
  }

  /// As conns do it for their subscribers.
  void on_overdue(const delivery_overdue& x) {
    auto found = links.find(x.member);
    if (found == links.end())
      return;
    const auto [stalled, again] = found->second.watch.look(this->clock().now());
    if (stalled)
      end_stalled(x.member, found->second, "it has not answered");
    else if (again)
      this->delayed_send(this, *again, x);
  }

  void on_error(const caf::error& x) {
    const auto& from = this->current_sender();
    auto found = from ? links.find(from->id()) : links.end();
    if (found != links.end() && found->second.in_flight)
      end_stalled(found->first, found->second, "it has answered with an error: " + this->system().render(x));
  }

  void end_stalled(caf::actor_id id, const link& x, const std::string& why) {
    // before the member can know, which may come again at once
    this->send(x.host, member_stalled{info.group, caf::actor_cast<caf::strong_actor_ptr>(x.member)});
    delivery last;
    last.closed = close_reason::stalled;
    this->send(x.member, std::move(last));
    if (auto times = stalled_member_limit.pass(this->clock().now()))
      log::group().warn("subscriber-stalled pid={} key={} reason={} times={}", x.info.pid,
                        log::quoted(x.info.event_key), log::quoted(why), *times);
    this->demonitor(x.member.address());
    remove(id);
  }

  void remove(caf::actor_id id) {
    links.erase(id);
    work.remove(id, this->clock().now());
    go_on();
  }

  void on_return(const return_event& x) {
    const auto delay = std::clamp<nanoseconds>(x.delay, nanoseconds{0}, defaults::max_nack_delay);
    work.give_back(x.member, x.seq, this->clock().now() + delay);
    go_on();
  }

  /// A timer for the next event that was given back for later.
  void arm(group_work::time_point now) {
    const auto next = work.next_due(now);
    if (!next || (armed && *armed <= *next))
      return;
    armed = next;
    this->delayed_send(this, *next - now, return_due{++ticket});
  }

  void on_due(const return_due& x) {
    if (x.ticket != ticket)
      return;
    armed.reset();
    go_on();
  }

  void bury(const group_work::dead_event& x) {
    const auto& event = x.event;
    const auto& type = event.batch->type(event.first);
    auto letter = dead_letter(event, info.group, time_of_day(wall_clock));
    if (auto times = dead_limit.pass(this->clock().now()))
      log::group().warn("event-dead group={} type={} id={} attempts={} reason={} letter={} times={}",
                        log::quoted(info.group), log::quoted(type), log::quoted(event.batch->id(event.first)),
                        event.attempt, x.why, letter != nullptr, *times);
    if (!letter)
      return;
    auto on_error = [this](const caf::error&) { // the bus is stopping
      if (auto times = dead_limit.pass(this->clock().now()))
        log::group().warn("dead-letter-lost group={} times={}", log::quoted(info.group), *times);
    };
    this->request(hub, caf::infinite, publish{letter}).then([](const published&) {}, on_error);
  }

  void on_down(const caf::actor_addr& who) {
    if (conn && conn.address() == who)
      return this->quit(caf::exit_reason::user_shutdown); // so that its members do not wait for ever
    auto gone = std::ranges::find_if(links, [&](const auto& x) { return x.second.member.address() == who; });
    if (gone != links.end())
      remove(gone->first);
  }

  void end_if_empty() {
    if (is_closing && links.empty() && entering.empty())
      this->quit(caf::exit_reason::user_shutdown);
  }

  /// Answered when no event is anywhere any more.
  caf::result<drained> on_drain() {
    auto promise = this->template make_response_promise<drained>();
    draining.push_back(promise);
    auto check = [this] {
      conn_is_drained = true;
      answer_drains();
    };
    if (draining.size() == 1 && !conn_is_drained)
      this->request(conn, caf::infinite, drain{})
          .then([check](const drained&) { check(); }, [check](const caf::error&) { check(); });
    else
      answer_drains();
    return promise;
  }

  void answer_drains() {
    if (!conn_is_drained || !work.idle())
      return;
    for (auto& x : std::exchange(draining, {}))
      x.deliver(drained{});
  }

  caf::result<group_report> on_read() {
    auto promise = this->template make_response_promise<group_report>();
    auto answer = [this, promise](const conn_counters& x) mutable { promise.deliver(report(x)); };
    this->request(conn, caf::infinite, read_conn_counters{}).then(answer, [answer](const caf::error&) mutable {
      answer({});
    });
    return promise;
  }

  group_report report(const conn_counters& x) const {
    group_report result;
    result.status = work.status();
    result.status.name = info.group;
    auto& y = result.status; // its conn has more than it knows of
    y.lost = std::max(y.lost, x.dropped);
    const auto elsewhere = y.lost + y.in_flight + y.done + y.dead;
    y.received = std::max(x.received, elsewhere + y.waiting);
    y.waiting = y.received - elsewhere;
    for (const auto& [id, link] : links) {
      result.members.push_back(report_on(link.info, work.counters_of(id)));
      result.members.back().in_flight = work.in_flight_of(id);
      result.members.back().stats = link.stats;
    }
    return result;
  }

  void log_end() {
    const auto x = work.status();
    if (auto times = group_limit.pass(this->clock().now()))
      log::group().info("group-ended group={} received={} done={} dead={} lost={} waiting={} unconfirmed={} times={}",
                        log::quoted(info.group), x.received, x.done, x.dead, x.lost, x.waiting, x.in_flight, *times);
  }

  hub_actor hub;
  mailbox_bounds bounds;
  consumer_info info;
  compiled_filter_ptr filter;
  group_work work;
  cafbus::wall_clock wall_clock;
  conn_actor conn;
  std::map<caf::actor_id, link> links;
  std::map<std::string, source_status> statuses;
  caf::typed_response_promise<delivered> credit;
  std::vector<std::pair<caf::typed_response_promise<group_entered>, enter_group>> entering; // until the hub knows us
  std::vector<caf::typed_response_promise<drained>> draining;
  std::optional<group_work::time_point> armed; // when the timer goes off
  uint64_t ticket = 0;                         // of it
  std::string failed;                          // why its filter has
  bool is_ready = false;
  bool is_closing = false;
  bool conn_is_drained = false;
};

} // namespace

group_actor spawn_group(caf::actor_system& system, group_options options) {
  return spawn_on_event_path<group_impl, group_actor, delivery, delivered>(system, std::move(options));
}

} // namespace cafbus
