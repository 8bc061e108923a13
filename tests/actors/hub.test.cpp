#include "actors/hub.hpp"

#include "actors/compiled_filter.hpp"
#include "actors/conn.hpp"
#include "messages/filter_text.hpp"
#include "support/batches.hpp"
#include "support/fixtures.hpp"
#include "support/recording_subscriber.hpp"
#include "testing/laws.hpp"

#include <caf/send.hpp>

#include <caf/test/dsl.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

idle_supervisor_actor::behavior_type counting_supervisor(idle_supervisor_actor::pointer, int* live) {
  return {[=](const consumer_came&) { ++*live; },
          [=](const consumer_went&) { --*live; },
          [](const await_consumer&) { return consumer_there{}; },
          [](const stay_awake&) {},
          [](const reconfigure&) {},
          [](const idle_elapsed&) {}};
}

struct fixture : test_coordinator_fixture<> {
  struct consumer {
    std::shared_ptr<recording> seen = std::make_shared<recording>();
    recording_actor subscriber;
    conn_actor conn;
  };

  int live = 0;
  idle_supervisor_actor supervisor = sys.spawn(counting_supervisor, &live);
  hub_actor testee = spawn_hub(sys, {100, 10s, supervisor, 0, {100, 1 << 20}, 5});
  std::vector<consumer> consumers;

  ~fixture() override {
    auto status = read_status();
    CAF_CHECK_EQUAL(laws::conservation(status.counters, list().consumers), "");
    for (auto& x : consumers)
      caf::anon_send_exit(x.subscriber, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(testee, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(supervisor, caf::exit_reason::user_shutdown);
    sched.run();
  }

  consumer& add(std::vector<std::string> types, size_t capacity = 100, std::string key = "key", int64_t pid = 1) {
    return add(consumer_info{pid, key, key, std::move(types)}, capacity);
  }

  consumer& add_filtered(const std::string& filter, filter_error_policy on_error = filter_error_policy::skip) {
    consumer_info info{1, "t", "t", {"t"}};
    info.filter = *parse_filter(filter);
    info.on_filter_error = on_error;
    return add(info);
  }

  consumer& add_with_past(const replay_wish& wish, std::vector<std::string> types = {"t"}) {
    consumer_info info{1, "t", "t", std::move(types)};
    info.replay = wish;
    return add(info, 1);
  }

  static subscribe subscription_of(const conn_actor& conn, const consumer_info& info) {
    return {conn, info, {}, info.filter.empty() ? nullptr : std::make_shared<const compiled_filter>(info.filter)};
  }

  consumer& add(const consumer_info& info, size_t capacity = 100) {
    consumer x;
    x.subscriber = sys.spawn(recording_subscriber, x.seen);
    x.conn = spawn_conn(sys, {capacity, 1 << 20, 1 << 16}, info, x.subscriber);
    caf::anon_send(testee, subscription_of(x.conn, info));
    consumers.push_back(x);
    sched.run();
    return consumers.back();
  }

  template <class Answer, class Question>
  Answer ask(Question question) {
    Answer result;
    auto request = self->request(testee, caf::infinite, std::move(question));
    sched.run();
    request.receive([&](Answer& x) { result = std::move(x); },
                    [&](const caf::error& e) { CAF_FAIL("no answer: " << sys.render(e)); });
    return result;
  }

  published publish_batch(event_batch_ptr batch, uint64_t rejected = 0) {
    return ask<published>(publish{std::move(batch), rejected});
  }
  hub_status read_status() { return ask<hub_status>(read_hub_status{}); }
  consumer_list list() { return ask<consumer_list>(list_consumers{}); }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(hub_tests, fixture)

CAF_TEST(one subscription makes one consumer and an unsubscription none) {
  auto conn = add({"t"}).conn;
  CAF_CHECK_EQUAL(list().consumers.size(), 1u);
  CAF_CHECK_EQUAL(live, 1);
  caf::anon_send(testee, unsubscribe{conn});
  CAF_CHECK_EQUAL(list().consumers.size(), 0u);
  CAF_CHECK_EQUAL(live, 0);
}

CAF_TEST(what a filter keeps from a consumer takes no number and is counted) {
  auto some = add_filtered("/n > 1").seen;
  auto all = add({"t"}).seen;
  CAF_CHECK_EQUAL(publish_batch(numbered_batch(4)).consumers, 2u);
  CAF_CHECK_EQUAL(publish_batch(numbered_batch(1)).consumers, 1u);
  CAF_CHECK_EQUAL(some->seqs, (std::vector<uint64_t>{1, 2}));
  CAF_CHECK_EQUAL(all->seqs.size(), 5u);
  auto status = list().consumers[0];
  CAF_CHECK_EQUAL(status.received, 2u);
  CAF_CHECK_EQUAL(status.filtered, 3u);
  CAF_CHECK_EQUAL(status.filter_errors, 0u);
  CAF_CHECK_EQUAL(to_text(status.filter), "/n > 1");
  CAF_CHECK(status.on_filter_error == filter_error_policy::skip);
  CAF_CHECK(list().consumers[1].on_filter_error == filter_error_policy::unknown);
}

CAF_TEST(a filter stays with its counts when the types change) {
  auto x = add_filtered("/n > 1");
  publish_batch(numbered_batch(2));
  consumer_info other{1, "t", "t", {"u"}};
  caf::anon_send(testee, subscribe{x.conn, other});
  sched.run();
  publish_batch(numbered_batch(3, 0, "u"));
  CAF_CHECK_EQUAL(x.seen->seqs, (std::vector<uint64_t>{1}));
  const auto status = list().consumers[0];
  CAF_CHECK_EQUAL(status.filtered, 4u);
}

CAF_TEST(a filter that is to fail ends its consumer behind what came before) {
  auto x = add_filtered("/n exists and /n != 7 and /m > 1", filter_error_policy::fail);
  auto other = add({"t"}).seen;
  const auto good = R"({"n":1,"m":2})";
  publish_batch(make_batch({{"t", "", good}, {"t", "", R"({"n":7})"}, {"t", "", R"({"n":1})"}, {"t", "", good}}));
  CAF_CHECK_EQUAL(x.seen->seqs, (std::vector<uint64_t>{1}));
  CAF_CHECK_EQUAL(x.seen->filter_failure, "the member /m is missing");
  CAF_CHECK_EQUAL(other->seqs.size(), 4u);
  CAF_CHECK_EQUAL(list().consumers.size(), 1u);
}

CAF_TEST(a consumer whose filter fails while it reads nothing is told when it has read) {
  auto x = add_filtered("/n < 5", filter_error_policy::fail);
  x.seen->stuck = true;
  publish_batch(numbered_batch(1));
  publish_batch(numbered_batch(2));
  publish_batch(make_batch({{"t"}}));
  CAF_CHECK_EQUAL(x.seen->seqs.size(), 1u);
  CAF_CHECK_EQUAL(x.seen->filter_failure, "");
  caf::anon_send(x.subscriber, release_credit{});
  sched.run();
  CAF_CHECK_EQUAL(x.seen->seqs.size(), 3u);
  CAF_CHECK_EQUAL(x.seen->filter_failure, "the member /n is missing");
  CAF_CHECK_EQUAL(list().consumers.size(), 0u);
}

CAF_TEST(unsubscribing twice or somebody unknown changes nothing) {
  auto conn = add({"t"}).conn;
  add({"t"});
  auto stranger = spawn_conn(sys, {1, 1, 1}, {}, consumers[0].subscriber);
  caf::anon_send(testee, unsubscribe{stranger});
  caf::anon_send(testee, unsubscribe{conn});
  caf::anon_send(testee, unsubscribe{conn});
  CAF_CHECK_EQUAL(list().consumers.size(), 1u);
  CAF_CHECK_EQUAL(live, 1);
}

CAF_TEST(a consumer that ends is unsubscribed) {
  caf::anon_send_exit(add({"t"}).subscriber, caf::exit_reason::kill);
  sched.run();
  CAF_CHECK_EQUAL(list().consumers.size(), 0u);
  CAF_CHECK_EQUAL(live, 0);
  CAF_CHECK_EQUAL(publish_batch(numbered_batch(1)), (published{1, 0, 1, 0}));
  CAF_CHECK_EQUAL(read_status().counters.unmatched, 1u);
}

CAF_TEST(an event goes to every subscriber of its type and to no other) {
  add({"t"});
  add({"t", "u"});
  add({"v"});
  CAF_CHECK_EQUAL(publish_batch(make_batch({{"t", "", "1"}, {"u", "", "2"}})), (published{2, 0, 0, 2}));
  CAF_CHECK_EQUAL(consumers[0].seen->payloads, (std::vector<std::string>{"1"}));
  CAF_CHECK_EQUAL(consumers[1].seen->payloads, (std::vector<std::string>{"1", "2"}));
  CAF_CHECK(consumers[2].seen->payloads.empty());
}

CAF_TEST(each consumer has sequence numbers of its own) {
  add({"t"});
  publish_batch(numbered_batch(2));
  add({"t"});
  publish_batch(numbered_batch(3));
  CAF_CHECK_EQUAL(consumers[0].seen->seqs, (std::vector<uint64_t>{1, 2, 3, 4, 5}));
  CAF_CHECK_EQUAL(consumers[1].seen->seqs, (std::vector<uint64_t>{1, 2, 3}));
}

CAF_TEST(a duplicate is left out before it takes a sequence number) {
  add({"t"});
  CAF_CHECK_EQUAL(publish_batch(make_batch({{"t", "x"}, {"t", "x"}, {"t", "y"}})), (published{2, 1, 0, 1}));
  CAF_CHECK_EQUAL(consumers[0].seen->seqs, (std::vector<uint64_t>{1, 2}));
  CAF_CHECK_EQUAL(read_status().counters, (bus_counters{3, 1, 0, 2, 0}));
}

CAF_TEST(a duplicate is new again after its time to live) {
  add({"t"});
  publish_batch(make_batch({{"t", "x"}}));
  advance_time(10s);
  CAF_CHECK_EQUAL(publish_batch(make_batch({{"t", "x"}})), (published{1, 0, 0, 1}));
}

CAF_TEST(a stuck subscriber costs its neighbours nothing) {
  add({"t"}, 2);
  add({"t"});
  consumers[0].seen->stuck = true;
  for (size_t i = 0; i < 50; ++i)
    publish_batch(numbered_batch(1, i));
  CAF_CHECK_EQUAL(consumers[1].seen->seqs.size(), 50u);
  auto x = list().consumers;
  CAF_CHECK_EQUAL(x[0].dropped, 47u);
  CAF_CHECK_EQUAL(x[1].dropped, 0u);
  caf::anon_send(consumers[0].subscriber, release_credit{});
  sched.run();
  CAF_CHECK_EQUAL(laws::order(consumers[0].seen->seqs, 47, 50), "");
}

CAF_TEST(rejected lines are counted beside the events) {
  publish_batch(nullptr, 3);
  publish_batch(numbered_batch(1), 2);
  CAF_CHECK_EQUAL(read_status().counters, (bus_counters{1, 0, 1, 0, 5}));
}

CAF_TEST(a source status goes to every consumer whatever its types) {
  add({"t"});
  add({"u"});
  caf::anon_send(testee, source_status{"s", source_state::connected, ""});
  sched.run();
  for (auto& x : consumers)
    CAF_CHECK_EQUAL(x.seen->statuses, (std::vector<source_status>{{"s", source_state::connected, ""}}));
  auto after = list().consumers;
  CAF_CHECK_EQUAL(after[0].received, 0u);
}

CAF_TEST(a late joiner gets the current status of each source) {
  caf::anon_send(testee, source_status{"s", source_state::connecting, ""});
  caf::anon_send(testee, source_status{"s", source_state::disconnected, "why"});
  sched.run();
  CAF_CHECK_EQUAL(add({"t"}).seen->statuses, (std::vector<source_status>{{"s", source_state::disconnected, "why"}}));
  auto report = read_status().sources;
  CAF_REQUIRE_EQUAL(report.size(), 1u);
  CAF_CHECK_EQUAL(report[0].state, source_state::disconnected);
}

CAF_TEST(the list of consumers says who they are and what became of their events) {
  add({"t", "u"}, 100, "some.key", 4711);
  publish_batch(numbered_batch(3));
  auto x = list().consumers;
  CAF_REQUIRE_EQUAL(x.size(), 1u);
  CAF_CHECK_EQUAL(x[0].pid, 4711);
  CAF_CHECK_EQUAL(x[0].event_key, "some.key");
  CAF_CHECK_EQUAL(x[0].event_types, (std::vector<std::string>{"t", "u"}));
  CAF_CHECK_EQUAL(x[0].received, 3u);
  CAF_CHECK_EQUAL(x[0].delivered, 3u);
}

CAF_TEST(a drained hub refuses what comes and has handed on all that it took) {
  add({"t"});
  caf::anon_send(testee, publish{numbered_batch(2), 0});
  auto drained_too = self->request(testee, caf::infinite, drain{});
  auto late = self->request(testee, caf::infinite, publish{numbered_batch(3), 1});
  sched.run();
  bool is_drained = false;
  drained_too.receive([&](const drained&) { is_drained = true; }, [](const caf::error&) {});
  CAF_CHECK(is_drained);
  caf::error refusal;
  late.receive([](const published&) {}, [&](caf::error& e) { refusal = std::move(e); });
  CAF_CHECK_EQUAL(refusal, caf::sec::unexpected_message);
  CAF_CHECK_EQUAL(consumers[0].seen->payloads.size(), 2u);
  CAF_CHECK_EQUAL(read_status().counters.ingress, 2u);
  CAF_CHECK_EQUAL(read_status().counters.rejected, 0u);
}

CAF_TEST(fifty publishers and a mailbox of two that is never drained keep the books) {
  add({"t"}, 2);
  consumers[0].seen->stuck = true;
  for (size_t i = 0; i < 50; ++i)
    for (size_t k = 0; k < 20; ++k) {
      caf::anon_send(testee, publish{numbered_batch(25), 0});
      caf::anon_send(testee, source_status{"s" + std::to_string(k), source_state::connected, ""});
    }
  sched.run();
  auto status = read_status();
  CAF_CHECK_EQUAL(status.counters.matched, 25'000u);
  auto x = list().consumers[0];
  CAF_CHECK_EQUAL(x.received, 25'000u);
  CAF_CHECK_EQUAL(x.dropped + x.queued, 25'000u);
  CAF_CHECK_EQUAL(consumers[0].seen->deliveries, 1u);
}

CAF_TEST(what links have lost is a hole for each consumer that wanted it) {
  auto near = add({"a"}).seen;
  auto other = add({"b"}).seen;
  publish_batch(make_batch({{"a"}}));
  CAF_CHECK_EQUAL(ask<stream_news_taken>(stream_news{{{7, "a", 10, 1}}, {}, {{7, "a", 11, 13, 1}}}).lost, 3u);
  CAF_CHECK_EQUAL(ask<stream_news_taken>(stream_news{{}, {}, {{7, "a", 11, 13, 1}}}).lost, 0u); // told by another link
  publish_batch(make_batch({{"a"}}));
  CAF_CHECK_EQUAL(near->seqs, (std::vector<uint64_t>{1, 5}));
  auto listed = list();
  CAF_CHECK_EQUAL(listed.consumers[0].dropped, 3u);
  CAF_CHECK_EQUAL(listed.consumers[1].received, 0u);
  CAF_CHECK(other->seqs.empty());
}

CAF_TEST(what a faster link leaves behind is a hole before the event that it brings) {
  auto brought = [](uint64_t type_number) {
    auto batch = std::make_shared<event_batch>(*make_batch({{"a"}}));
    batch->origins = {{7, type_number, 1, 0, type_number}};
    return batch;
  };
  ask<stream_news_taken>(stream_news{{{7, "a", 10, 1}}, {}, {}}); // one link is to bring all from 11 on
  publish_batch(brought(11));                                     // which nobody wants
  auto seen = add({"a"}).seen;
  publish_batch(brought(15)); // over another one
  publish_batch(brought(12)); // too late
  publish_batch(brought(16));
  CAF_CHECK_EQUAL(seen->seqs, (std::vector<uint64_t>{4, 5}));
  const auto listed = list();
  CAF_CHECK_EQUAL(listed.consumers[0].dropped, 3u);
}

CAF_TEST(a link is told how far the streams are that are new to it) {
  caf::anon_send(testee, number_events{});
  auto& x = add({"a"});
  publish_batch(make_batch({{"a"}, {"a"}, {"b"}}));
  auto subscribed = [&](std::vector<std::string> types) {
    consumer_info info{1, "node:x", "node:x", types};
    return ask<stream_list>(subscribe{x.conn, info, std::vector<node_path>(types.size(), node_path{9})}).streams;
  };
  auto first = subscribed({"a", "c"});
  CAF_CHECK_EQUAL(first.size(), 1u); // it had `a` as a consumer
  CAF_CHECK(first.front() == (stream_count{0, "c", 0, 0}));
  CAF_CHECK(subscribed({"a", "b", "c"}) == (std::vector<stream_count>{{0, "b", 1, 0}}));
  CAF_CHECK_EQUAL(ask<stream_list>(read_streams{x.conn.id()}).streams.size(), 3u);
  CAF_CHECK(ask<stream_list>(read_streams{12345}).streams.empty());
}

CAF_TEST(a consumer gets what was before it and then what comes) {
  publish_batch(numbered_batch(3)); // nobody is there
  add({"t"});
  publish_batch(numbered_batch(2, 3));
  auto seen = add_with_past({.last = 4}).seen;
  publish_batch(numbered_batch(1, 5));
  CAF_CHECK_EQUAL(seen->seqs, (std::vector<uint64_t>{1, 2, 3, 4, 5}));
  CAF_CHECK(seen->payloads.front().starts_with("{\"n\":1,"));
  CAF_CHECK(seen->payloads.back().starts_with("{\"n\":5,"));
  CAF_CHECK_EQUAL(consumers[0].seen->seqs.size(), 3u);
}

CAF_TEST(a change of names replays nothing) {
  publish_batch(numbered_batch(3));
  auto& x = add_with_past({.last = 2});
  consumer_info info{1, "t", "t", {"t", "u"}};
  info.replay = replay_wish{.last = 2};
  caf::anon_send(testee, subscription_of(x.conn, info));
  sched.run();
  CAF_CHECK_EQUAL(x.seen->seqs.size(), 2u);
}

CAF_TEST(an event that a replay has brought to somebody is known from then on) {
  publish_batch(make_batch({{"t", "e"}}));
  CAF_CHECK_EQUAL(publish_batch(make_batch({{"t", "e"}})).duplicates, 0u);
  auto seen = add_with_past({.last = 9}).seen;
  CAF_CHECK_EQUAL(seen->seqs.size(), 1u);
  CAF_CHECK_EQUAL(publish_batch(make_batch({{"t", "e"}})).duplicates, 1u);
  CAF_CHECK_EQUAL(seen->seqs.size(), 1u);
  CAF_CHECK_EQUAL(add_with_past({.last = 9}).seen->seqs.size(), 1u);
}

CAF_TEST(a filter that fails in the past ends the consumer as it does now) {
  publish_batch(make_batch({{"t", "", "2"}, {"t", "", "{}"}, {"t", "", "3"}}));
  consumer_info info{1, "t", "t", {"t"}};
  info.filter = *parse_filter(R"("" > 1)");
  info.on_filter_error = filter_error_policy::fail;
  info.replay = replay_wish{.last = 9};
  auto seen = add(info).seen;
  publish_batch(make_batch({{"t", "", "4"}}));
  CAF_CHECK_EQUAL(seen->payloads, (std::vector<std::string>{"2"}));
  CAF_CHECK(!seen->filter_failure.empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
