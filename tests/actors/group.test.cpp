#include "actors/group.hpp"

#include "support/bus_fixture.hpp"

#include <caf/test/dsl.hpp>

using namespace cafbus;

namespace {

/// A bus, and members of its groups.
struct groups_fixture : bus_fixture {
  struct a_member {
    recording_actor actor;
    std::shared_ptr<recording> seen = std::make_shared<recording>();
    joined answer;
  };

  consumer_info worker(bool ack = true) {
    consumer_info result{7, "t", "", {"t"}};
    result.group = "workers";
    result.ack = ack;
    result.tell_gaps = true;
    return result;
  }

  a_member enter(consumer_info info) {
    a_member result;
    result.actor = sys.spawn(recording_subscriber, result.seen);
    subscribers.push_back(result.actor);
    result.answer = ask<joined>(join{result.actor, std::move(info)});
    return result;
  }

  void confirm(const a_member& x, uint64_t seq) {
    caf::anon_send(x.answer.group, confirm_event{x.actor.id(), seq});
    sched.run();
  }
  void refuse(const a_member& x, uint64_t seq, std::chrono::nanoseconds delay = 0ns) {
    caf::anon_send(x.answer.group, return_event{x.actor.id(), seq, delay});
    sched.run();
  }
  void kill(const a_member& x) {
    caf::anon_send_exit(x.actor, caf::exit_reason::kill);
    sched.run();
  }

  status_response status() { return ask<status_response>(read_status{}); }
  group_status group() {
    auto groups = status().groups;
    CAF_REQUIRE(groups.size() == 1);
    return groups[0];
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(group_tests, groups_fixture)

CAF_TEST(each event goes to one member) {
  auto a = enter(worker(false));
  auto b = enter(worker(false));
  CAF_CHECK(a.answer.admitted && b.answer.admitted);
  for (int i = 0; i < 4; ++i)
    publish_events(1, "t");
  CAF_CHECK_EQUAL(a.seen->seqs.size(), 2u);
  CAF_CHECK_EQUAL(b.seen->seqs.size(), 2u);
  CAF_CHECK_EQUAL(group().done, 4u);
}

CAF_TEST(a consumer beside a group gets all) {
  auto a = enter(worker());
  auto seen = std::make_shared<recording>();
  add(seen, "t");
  publish_events(3, "t");
  CAF_CHECK_EQUAL(seen->seqs.size(), 3u);
  CAF_CHECK_EQUAL(a.seen->seqs.size(), 3u);
}

CAF_TEST(members are consumers of their own in status and their group is not ) {
  auto a = enter(worker());
  auto b = enter(worker());
  publish_events(3, "t");
  auto x = status();
  CAF_REQUIRE(x.consumers.size() == 2);
  CAF_CHECK_EQUAL(x.active_conns, 2);
  CAF_CHECK_EQUAL(x.consumers[0].group, "workers");
  CAF_CHECK_EQUAL(x.consumers[0].pid, 7);
  CAF_CHECK_EQUAL(x.consumers[0].in_flight + x.consumers[1].in_flight, 3u);
  confirm(a, 1);
  auto y = group();
  CAF_CHECK_EQUAL(y.members, 2u);
  CAF_CHECK_EQUAL(y.received, 3u);
  CAF_CHECK_EQUAL(y.done, 1u);
  CAF_CHECK_EQUAL(y.in_flight, 2u);
  CAF_CHECK_EQUAL(y.waiting, 0u);
}

CAF_TEST(what a member that dies has not confirmed goes to another one) {
  auto a = enter(worker());
  auto b = enter(worker());
  publish_events(2, "t");
  confirm(b, 1);
  kill(a);
  CAF_CHECK_EQUAL(b.seen->seqs.size(), 2u);
  confirm(b, 2);
  CAF_CHECK_EQUAL(group().redelivered, 1u);
  CAF_CHECK_EQUAL(group().done, 2u);
}

CAF_TEST(events wait for members that are full) {
  auto info = worker();
  info.max_in_flight = 2;
  auto a = enter(info);
  publish_events(5, "t");
  CAF_CHECK_EQUAL(a.seen->seqs.size(), 2u);
  CAF_CHECK_EQUAL(group().waiting, 3u);
  confirm(a, 1);
  CAF_CHECK_EQUAL(a.seen->seqs.size(), 3u);
}

CAF_TEST(a group whose members are full drops its oldest and tells the next one) {
  auto info = worker();
  info.max_in_flight = 1;
  info.queue_capacity = 2;
  auto a = enter(info);
  for (int i = 0; i < 6; ++i)
    publish_events(1, "t");
  auto x = group();
  CAF_CHECK(x.lost > 0);
  CAF_CHECK_EQUAL(x.received, 6u);
  CAF_CHECK_EQUAL(x.waiting + x.in_flight + x.lost, 6u);
  while (group().in_flight != 0)
    confirm(a, a.seen->seqs.back());
  CAF_CHECK_EQUAL(a.seen->seqs.back(), 6u); // with the hole
  const auto found = status();              // the checks keep references
  CAF_CHECK_EQUAL(found.consumers[0].dropped, found.groups[0].lost);
}

CAF_TEST(an event that is refused comes again after its delay) {
  auto a = enter(worker());
  publish_events(1, "t");
  refuse(a, 1, 5s);
  CAF_CHECK_EQUAL(a.seen->seqs.size(), 1u);
  pass(4s);
  CAF_CHECK_EQUAL(a.seen->seqs.size(), 1u);
  pass(1s);
  CAF_CHECK_EQUAL(a.seen->seqs.size(), 2u);
}

CAF_TEST(after the last attempt an event is a dead letter that can be consumed) {
  auto dead = std::make_shared<recording>();
  add(dead, "dead.t");
  auto info = worker();
  info.max_attempts = 2;
  auto a = enter(info);
  publish_events(1, "t");
  refuse(a, 1);
  CAF_CHECK(dead->payloads.empty());
  refuse(a, 2);
  CAF_CHECK(dead->payloads == a.seen->payloads || dead->payloads == (std::vector{a.seen->payloads.at(0)}));
  CAF_CHECK_EQUAL(group().dead, 1u);
  CAF_CHECK_EQUAL(group().in_flight, 0u);
}

CAF_TEST(a dead letter that a group gives up has no dead letter) {
  auto info = worker();
  info.event_types = {};
  info.patterns = {">"};
  info.max_attempts = 1;
  auto a = enter(info);
  publish_events(1, "t");
  refuse(a, 1);
  CAF_CHECK_EQUAL(a.seen->seqs.size(), 2u); // dead.t
  refuse(a, 2);
  CAF_CHECK_EQUAL(a.seen->seqs.size(), 2u);
  CAF_CHECK_EQUAL(group().dead, 2u);
}

CAF_TEST(a member that asks for something else is refused and told what) {
  auto a = enter(worker());
  auto info = worker();
  info.event_types = {"u"};
  auto b = enter(info);
  CAF_CHECK(!b.answer.admitted);
  CAF_CHECK_EQUAL(b.answer.reason, "the members of group 'workers' have event_types 't', this consumer asks for 'u'");
  info = worker(false);
  CAF_CHECK_EQUAL(enter(info).answer.reason,
                  "the members of group 'workers' have ack 'true', this consumer asks for 'false'");
  CAF_CHECK_EQUAL(group().members, 1u);
}

CAF_TEST(a group has no replay and no other policy) {
  auto info = worker();
  info.policy = queue_policy::block;
  CAF_CHECK_EQUAL(enter(info).answer.reason, "a group has the policy drop_oldest, not block");
  info = worker();
  info.replay = replay_wish{.last = 1};
  CAF_CHECK(!enter(info).answer.admitted);
  info = worker(false);
  info.max_attempts = 2;
  CAF_CHECK_EQUAL(enter(info).answer.reason, "max_in_flight and max_attempts require ack");
}

CAF_TEST(a group ends with its last member and another one may ask for something else) {
  auto a = enter(worker());
  auto old = a.answer.group;
  kill(a);
  CAF_CHECK(!alive(old));
  CAF_CHECK(status().groups.empty());
  auto b = enter(worker(false));
  CAF_CHECK(b.answer.admitted);
  publish_events(1, "t");
  CAF_CHECK_EQUAL(b.seen->seqs.size(), 1u);
}

CAF_TEST(a stop waits for what members have not confirmed but not for ever) {
  auto a = enter(worker());
  publish_events(1, "t");
  CAF_CHECK(stop("now").accepted);
  pass(100ms);
  CAF_CHECK(alive(parts.bus));
  confirm(a, 1);
  pass(100ms);
  CAF_CHECK(!alive(parts.bus));
}

CAF_TEST(a stop that is not forced names the members) {
  auto a = enter(worker());
  auto answer = stop("now", false);
  CAF_CHECK(!answer.accepted);
  CAF_CHECK_EQUAL(answer.message, "1 consumer is connected: pid 7 (t)");
}

CAF_TEST(a filter that fails ends all members) {
  auto info = worker();
  info.filter = {{"/missing", "==", filter_value{filter_scalar{int64_t{1}}}}};
  info.on_filter_error = filter_error_policy::fail;
  auto a = enter(info);
  auto b = enter(info);
  publish_events(1, "t");
  CAF_CHECK(!a.seen->filter_failure.empty());
  CAF_CHECK(!b.seen->filter_failure.empty());
  CAF_CHECK(!enter(info).answer.admitted);
}

CAF_TEST(what the filter of a group keeps back is counted at each member) {
  auto info = worker();
  info.filter = {{"/n", ">", filter_value{filter_scalar{int64_t{0}}}}};
  auto a = enter(info);
  auto b = enter(info);
  publish_events(3, "t"); // 0, 1 and 2
  const auto x = status();
  CAF_REQUIRE(x.consumers.size() == 2);
  CAF_CHECK_EQUAL(x.consumers[0].filtered, 1u);
  CAF_CHECK_EQUAL(x.consumers[1].filtered, 1u);
  CAF_CHECK_EQUAL(group().received, 2u);
}

CAF_TEST(a member knows the state of sources) {
  caf::anon_send(parts.hub, source_status{"feed", source_state::connected, ""});
  sched.run();
  auto a = enter(worker());
  auto b = enter(worker());
  CAF_CHECK_EQUAL(a.seen->statuses.size(), 1u);
  CAF_CHECK_EQUAL(b.seen->statuses.size(), 1u);
}

CAF_TEST(what a member says of its events is in status) {
  auto a = enter(worker());
  auto b = enter(worker());
  caf::anon_send(a.answer.group, member_stats{a.actor.id(), {3, 2, 1}});
  caf::anon_send(a.answer.group, member_stats{12'345, {9, 9, 9}}); // nobody
  sched.run();
  const auto members = ask<status_response>(read_status{}).consumers;
  CAF_REQUIRE_EQUAL(members.size(), 2u);
  CAF_CHECK(members[0].stats == (consumer_stats{3, 2, 1}));
  CAF_CHECK(!members[1].stats);
}

CAF_TEST_FIXTURE_SCOPE_END()
