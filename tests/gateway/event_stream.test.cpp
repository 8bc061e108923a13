#include "gateway/event_stream.hpp"

#include "gateway/limits.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus::http;
using namespace std::chrono_literals;

namespace {

const stream_queue::time_point start{};

stream_item_ptr event(uint64_t seq) {
  return event_item("c-" + std::to_string(seq), "{}");
}

std::string text_of(const stream_item_ptr& x) { // a copy, since CAF's checks keep references
  return x->text;
}

size_t count(std::string_view text, std::string_view part) {
  size_t n = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + part.size()))
    ++n;
  return n;
}

} // namespace

CAF_TEST(an event has its place and its frame on one line) {
  CAF_CHECK_EQUAL(text_of(event_item("1a-7", "{\"a\":\r1}")), "id: 1a-7\ndata: {\"a\": 1}\n\n");
}

CAF_TEST(an event without a cursor that fits a line has no id) {
  for (auto cursor : {"", "1\nevent: gap", "1\r2", "\t"})
    CAF_CHECK_EQUAL(text_of(event_item(cursor, "{}")), "data: {}\n\n");
}

CAF_TEST(a feed that can wait does so at half of the events and half of the bytes) {
  stream_queue many, large;
  for (uint64_t i = 1; i < limits::stream_events / 2; ++i)
    many.push(event(i), start);
  CAF_CHECK(!many.is_half_full());
  many.push(event(0), start);
  CAF_CHECK(many.is_half_full());
  many.take(1);
  CAF_CHECK(!many.is_half_full());
  large.push(event_item("1-2", std::string(limits::stream_bytes / 2, 'x')), start);
  CAF_CHECK(large.is_half_full());
}

CAF_TEST(a reason that is not UTF - 8 does not reach the stream) {
  CAF_CHECK_EQUAL(text_of(state_item("waiting", "a\"b\n")),
                  "event: state\ndata: {\"state\":\"waiting\",\"reason\":\"a\\\"b\\n\"}\n\n");
  CAF_CHECK_EQUAL(count(text_of(state_item("waiting", "\xff")), "\xff"), 0u);
}

CAF_TEST(what is taken is about as much as was asked for and one item at least) {
  stream_queue queue;
  for (uint64_t i = 1; i <= 3; ++i)
    CAF_CHECK_EQUAL(queue.push(event(i), start), 0u);
  auto size = text_of(event(1)).size();
  CAF_CHECK_EQUAL(queue.take(2 * size), text_of(event(1)) + text_of(event(2)));
  CAF_CHECK_EQUAL(queue.take(1), text_of(event(3)));
  CAF_CHECK(queue.empty());
  CAF_CHECK_EQUAL(queue.take(100), "");
}

CAF_TEST(the oldest events go and their number is told first) {
  stream_queue queue;
  size_t dropped = 0;
  for (uint64_t i = 1; i <= limits::stream_events + 5; ++i)
    dropped += queue.push(event(i), start);
  CAF_CHECK_EQUAL(dropped, 5u);
  CAF_CHECK_EQUAL(queue.take(1), text_of(gap_item(5, "too_slow")));
  CAF_CHECK_EQUAL(queue.take(1), text_of(event(6)));
}

CAF_TEST(a gap that is dropped is told with what came after it) {
  stream_queue queue;
  queue.push(gap_item(100, "gateway_too_slow"), start);
  for (uint64_t i = 1; i <= limits::stream_events; ++i)
    queue.push(event(i), start);
  CAF_CHECK_EQUAL(queue.take(1), text_of(gap_item(100, "too_slow")));
}

CAF_TEST(an unknown gap that is dropped leaves the number unknown) {
  stream_queue queue;
  queue.push(gap_item(std::nullopt, "bus_ended"), start);
  for (uint64_t i = 1; i <= limits::stream_events + 5; ++i)
    queue.push(event(i), start);
  CAF_CHECK_EQUAL(queue.take(1), text_of(gap_item(std::nullopt, "too_slow")));
}

CAF_TEST(bytes are bounded too but the newest event stays) {
  stream_queue queue;
  std::string big(limits::stream_bytes, 'x');
  queue.push(event(1), start);
  CAF_CHECK_EQUAL(queue.push(event_item("1-2", big), start), 1u);
  CAF_CHECK_EQUAL(queue.push(event_item("1-3", big), start), 1u);
  CAF_CHECK_EQUAL(queue.take(1), text_of(gap_item(2, "too_slow")));
  CAF_CHECK(queue.take(1).starts_with("id: 1-3\n"));
}

CAF_TEST(a sampled stream gets its rate evenly and is told of the rest) {
  stream_queue queue{20};
  size_t events = 0;
  std::string text;
  for (int i = 0; i < 10'000; ++i) { // 10 s
    queue.push(event(1), start + 1h + i * 1ms);
    text = queue.take(1'000'000);
    events += count(text, "id:");
    CAF_CHECK(count(text, "id:") <= 2);
  }
  CAF_CHECK(events >= 195 && events <= 205);
  queue.push(comment_item(), start + 2h);
  CAF_CHECK_EQUAL(count(queue.take(100), "event: sampled"), 1u);
}

CAF_TEST(left out events alone wake nobody) {
  stream_queue queue{1};
  queue.push(event(1), start + 1h);
  queue.take(100);
  queue.push(event(2), start + 1h);
  CAF_CHECK(queue.empty());
}
