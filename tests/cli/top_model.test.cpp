#include "cli/top_model.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

status_response bus_with(std::vector<consumer_status> consumers) {
  status_response x;
  x.version = "1";
  x.pid = 7;
  x.uptime_sec = 10;
  x.consumers = std::move(consumers);
  return x;
}

consumer_status consumer(uint64_t received, uint64_t delivered, uint64_t dropped = 0) {
  return {.pid = 42,
          .event_key = "k",
          .received = received,
          .dropped = dropped,
          .delivered = delivered,
          .queued = received - delivered - dropped};
}

/// How a consumer fares between two looks that are two seconds apart.
top_row between(const consumer_status& before, const consumer_status& now) {
  auto first = bus_with({before});
  return rows_between(&first, bus_with({now}), 2).at(0);
}

std::vector<int64_t> pids(const std::vector<top_row>& rows) {
  std::vector<int64_t> result;
  for (const auto& x : rows)
    result.push_back(x.consumer.pid);
  return result;
}

} // namespace

CAF_TEST(the first look has no rates) {
  auto rows = rows_between(nullptr, bus_with({consumer(10, 5, 1)}), 2);
  CAF_CHECK_EQUAL(rows.at(0).received, 0);
  CAF_CHECK(rows.at(0).how == pace::idle);
  CAF_CHECK_EQUAL(reason(rows.at(0)), "lost 1 before");
}

CAF_TEST(rates are per second since the look before) {
  auto row = between(consumer(10, 10), consumer(110, 110));
  CAF_CHECK_EQUAL(row.received, 50);
  CAF_CHECK_EQUAL(row.delivered, 50);
  CAF_CHECK(row.how == pace::keeps_up);
}

CAF_TEST(a consumer is behind or catches up by what waits for it) {
  CAF_CHECK_EQUAL(reason(between(consumer(10, 5), consumer(30, 15))), "behind: takes 5/s of 10/s");
  CAF_CHECK_EQUAL(reason(between(consumer(30, 10), consumer(32, 30))), "catches up: takes 10/s of 1/s");
}

CAF_TEST(a consumer that takes none while events wait is stuck) {
  CAF_CHECK_EQUAL(reason(between(consumer(10, 5), consumer(30, 5))), "stuck: takes none, 25 wait");
}

CAF_TEST(events that have just come do not make a consumer stuck) {
  CAF_CHECK(between(consumer(5, 5), consumer(30, 5)).how == pace::keeps_up);
}

CAF_TEST(drops are the worst) {
  auto row = between(consumer(10, 5), consumer(30, 5, 20));
  CAF_CHECK_EQUAL(reason(row), "loses 10/s, takes 0/s of 10/s");
}

CAF_TEST(one that says that it fails is shown so) {
  auto before = consumer(10, 10), now = consumer(20, 20);
  before.stats = consumer_stats{.handled = 10};
  now.stats = consumer_stats{.handled = 12, .failed = 8};
  CAF_CHECK_EQUAL(reason(between(before, now)), "fails on 4/s, takes 5/s of 5/s");
  CAF_CHECK_EQUAL(reason(between(now, now)), "failed on 8 before");
}

CAF_TEST(one that publishers wait for says so) {
  auto before = consumer(10, 5), now = consumer(20, 10);
  now.blocks = {1, 2};
  CAF_CHECK_EQUAL(reason(between(before, now)), "delays 2 publishers, takes 2.5/s of 5/s");
}

CAF_TEST(another bus has no rates) {
  auto before = bus_with({consumer(10, 10)}), now = bus_with({consumer(20, 20)});
  before.pid = 8;
  CAF_CHECK(rows_between(&before, now, 1).at(0).received == 0);
  before.pid = 7;
  before.uptime_sec = 99;
  CAF_CHECK(rows_between(&before, now, 1).at(0).received == 0);
}

CAF_TEST(consumers of one name are told apart by their order and new ones have no rates) {
  auto before = bus_with({consumer(10, 10), consumer(20, 20)});
  auto rows = rows_between(&before, bus_with({consumer(12, 12), consumer(24, 24), consumer(1, 1)}), 1);
  CAF_CHECK_EQUAL(rows.at(0).received, 2);
  CAF_CHECK_EQUAL(rows.at(1).received, 4);
  CAF_CHECK_EQUAL(rows.at(2).received, 0);
  CAF_CHECK(rows_between(&before, bus_with({consumer(3, 3)}), 1).at(0).received == 0); // its number came again
}

CAF_TEST(totals add up the consumers) {
  auto before = bus_with({consumer(10, 5), consumer(10, 10)}), now = bus_with({consumer(12, 6), consumer(14, 14)});
  before.counters.ingress = 10;
  now.counters.ingress = 16;
  auto sum = totals_between(&before, now, 2, rows_between(&before, now, 2));
  CAF_CHECK_EQUAL(sum.received, 3);
  CAF_CHECK_EQUAL(sum.delivered, 2.5);
  CAF_CHECK_EQUAL(sum.queued, 6u);
}

CAF_TEST(rows are sorted by trouble or by a column) {
  auto row = [](int64_t pid, std::string key, uint64_t queued, pace how) {
    return top_row{.consumer = {.pid = pid, .event_key = std::move(key), .queued = queued}, .how = how};
  };
  std::vector<top_row> rows{row(1, "c", 9, pace::keeps_up), row(2, "a", 5, pace::stuck), row(3, "b", 7, pace::stuck)};
  using order = std::vector<int64_t>;
  sort_rows(rows, top_order::trouble, false);
  CAF_CHECK_EQUAL(pids(rows), (order{3, 2, 1}));
  sort_rows(rows, top_order::lag, false);
  CAF_CHECK_EQUAL(pids(rows), (order{1, 3, 2}));
  sort_rows(rows, top_order::key, false);
  CAF_CHECK_EQUAL(pids(rows), (order{2, 3, 1}));
  sort_rows(rows, top_order::pid, true);
  CAF_CHECK_EQUAL(pids(rows), (order{3, 2, 1}));
  sort_rows(rows, top_order::drops, false); // all the same
  CAF_CHECK_EQUAL(pids(rows), (order{1, 2, 3}));
}

CAF_TEST(a filter looks at names and reasons) {
  top_row x{.consumer = {.pid = 421, .event_key = "Order.Paid", .event_types = {"refund"}}, .how = pace::stuck};
  for (const auto* text : {"", "421", "order.p", "REFUND", "stuck"})
    CAF_CHECK(fits(x, text));
  CAF_CHECK(!fits(x, "issue"));
}
