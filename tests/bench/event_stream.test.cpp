#include "bench/event_stream.hpp"

#include "bench/payload.hpp"

#include <caf/test/dsl.hpp>

using namespace cafbus::bench;

namespace {

constexpr size_t payload_size = 80;

std::string frame(uint64_t seq, uint64_t number, uint64_t origin = 0) {
  auto body = payload::make(payload_size, origin);
  payload::set_number(body.data(), number);
  return "{\"type\":\"event\",\"event_type\":\"t\",\"seq\":" + std::to_string(seq) + ",\"payload\":" + body + "}\n";
}

std::string frames(uint64_t first, uint64_t last) {
  std::string result;
  for (auto i = first; i < last; ++i)
    result += frame(i + 1, i);
  return result;
}

expectation numbered() {
  expectation result;
  result.payload_size = payload_size;
  result.numbered = true;
  return result;
}

/// What is wrong with the bytes; empty if nothing is.
std::string complaint(const expectation& expected, const std::string& bytes) {
  event_stream stream{expected};
  stream.take(bytes.data(), bytes.size());
  return stream.broken();
}

} // namespace

CAF_TEST(events in order are counted) {
  event_stream stream{numbered()};
  auto bytes = frames(0, 1'234);
  CAF_CHECK_EQUAL(stream.take(bytes.data(), bytes.size()), bytes.size());
  CAF_CHECK_EQUAL(stream.events(), 1'234u);
  CAF_CHECK_EQUAL(stream.broken(), "");
}

CAF_TEST(a frame that is cut is left for the next time) {
  event_stream stream{numbered()};
  auto bytes = frames(0, 12);
  auto whole = frames(0, 11).size();
  CAF_CHECK_EQUAL(stream.take(bytes.data(), bytes.size() - 1), whole);
  CAF_CHECK_EQUAL(stream.events(), 11u);
  CAF_CHECK_EQUAL(stream.take(bytes.data() + whole, bytes.size() - whole), bytes.size() - whole);
  CAF_CHECK_EQUAL(stream.events(), 12u);
}

CAF_TEST(a lost event is noticed) {
  CAF_CHECK_NOT_EQUAL(complaint(numbered(), frames(0, 5) + frames(6, 9)), "");
}

CAF_TEST(an event that is there twice is noticed) {
  CAF_CHECK_NOT_EQUAL(complaint(numbered(), frames(0, 5) + frames(4, 9)), "");
}

CAF_TEST(events that have changed places are noticed) {
  CAF_CHECK_NOT_EQUAL(complaint(numbered(), frames(0, 2) + frame(3, 3) + frame(4, 2)), "");
}

CAF_TEST(a sequence number that is not the next is noticed) {
  CAF_CHECK_NOT_EQUAL(complaint(numbered(), frames(0, 2) + frame(4, 2)), "");
}

CAF_TEST(a frame of another size is noticed) {
  auto longer = frame(3, 2);
  longer.insert(longer.size() - 3, "x");
  CAF_CHECK_NOT_EQUAL(complaint(numbered(), frames(0, 2) + longer), "");
}

CAF_TEST(publishers are in order each for itself) {
  auto expected = numbered();
  expected.publishers = 2;
  CAF_CHECK_EQUAL(complaint(expected, frame(1, 0, 1) + frame(2, 0, 0) + frame(3, 1, 1) + frame(4, 2, 1)), "");
  CAF_CHECK_NOT_EQUAL(complaint(expected, frame(1, 0, 1) + frame(2, 0, 0) + frame(3, 2, 1)), "");
}

CAF_TEST(holes are counted where they are allowed) {
  auto expected = numbered();
  expected.holes = true;
  event_stream stream{expected};
  auto bytes = frames(0, 5) + frames(12, 14);
  CAF_CHECK_EQUAL(stream.take(bytes.data(), bytes.size()), bytes.size());
  CAF_CHECK_EQUAL(stream.events(), 7u);
  CAF_CHECK_EQUAL(stream.missing(), 7u);
  CAF_CHECK_NOT_EQUAL(complaint(expected, frames(0, 5) + frame(9, 6)), "");
}

CAF_TEST(payloads without numbers are compared as a whole) {
  std::vector<std::string> payloads{R"({"a":"one payload that is long enough to be found"})", R"({"b":2})"};
  auto expected = numbered();
  expected.payloads = &payloads;
  auto line = [](const std::string& x) { return "{\"type\":\"event\",\"seq\":1,\"payload\":" + x + "}\n"; };
  CAF_CHECK_EQUAL(complaint(expected, line(payloads[0]) + line(payloads[1]) + line(payloads[0])), "");
  auto changed = payloads[0];
  changed[changed.size() - 3] = 'X';
  CAF_CHECK_NOT_EQUAL(complaint(expected, line(changed)), "");
}

CAF_TEST(payloads without numbers are in order for each publisher) {
  std::vector<std::string> x{R"({"a":1})", R"({"b":2})", R"({"c":3})"};
  for (auto& payload : x)
    payload.insert(payload.size() - 1, std::string(2'000, ' ')); // no frame is searched that far
  expectation expected;
  expected.trailer = 0;
  expected.publishers = 2;
  expected.payloads = &x;
  CAF_CHECK_EQUAL(complaint(expected, x[0] + x[1] + x[0] + x[1] + x[2] + x[0]), "");
  CAF_CHECK_NOT_EQUAL(complaint(expected, x[0] + x[1] + x[1]), "");
  CAF_CHECK_NOT_EQUAL(complaint(expected, x[0] + x[0] + x[0]), "");
}

CAF_TEST(a short payload is not skipped for the one behind it) {
  std::vector<std::string> x{R"({"a":1})", R"({"b":2})"};
  expectation expected;
  expected.trailer = 0;
  expected.publishers = 2;
  expected.payloads = &x;
  event_stream stream{expected};
  auto bytes = "t" + x[0] + "t" + x[0] + "t" + x[1];
  CAF_CHECK_EQUAL(stream.take(bytes.data(), bytes.size()), bytes.size());
  CAF_CHECK_EQUAL(stream.events(), 3u);
}

CAF_TEST(a frame may end with its payload) {
  auto expected = numbered();
  expected.numbered = false;
  expected.trailer = 0;
  auto line = [](uint64_t number) {
    auto body = payload::make(payload_size, 0);
    payload::set_number(body.data(), number);
    return "t" + body;
  };
  event_stream stream{expected};
  auto bytes = line(0) + line(1);
  CAF_CHECK_EQUAL(stream.take(bytes.data(), bytes.size()), bytes.size());
  CAF_CHECK_EQUAL(stream.events(), 2u);
  CAF_CHECK_NOT_EQUAL(complaint(expected, line(0) + line(2)), "");
}
