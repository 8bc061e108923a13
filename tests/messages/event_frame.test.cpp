#include "messages/event_frame.hpp"

#include "tests/messages/padded_line.hpp"

#include <string>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

struct fixture {
  bool is_event(std::string_view line) { return reader.read(padded_line{line}).has_value(); }

  std::string payload_of(const std::string& payload) {
    const padded_line line{R"({"type":"event","event_type":"t","seq":1,"payload":)" + payload + "}"};
    const auto event = reader.read(line);
    return event ? std::string{event->payload} : "no event";
  }

  event_frame_reader reader;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(event_frame_tests, fixture)

CAF_TEST(a frame of this bus is read) {
  const padded_line line{R"({"type":"event","event_type":"im.message","event_id":"e1","source_time":"17",)"
                         R"("app_id":"a","tenant_key":"t","observed_at":"2026-11-22T11:30:38.123456789Z",)"
                         R"("seq":18446744073709551615,"payload":{"a": [1, 2] }})"};
  const auto event = reader.read(line);
  CAF_REQUIRE(event);
  CAF_CHECK_EQUAL(std::string{event->event_type}, "im.message");
  CAF_CHECK_EQUAL(std::string{event->event_id}, "e1");
  CAF_CHECK_EQUAL(event->seq, 18446744073709551615u);
  CAF_CHECK_EQUAL(std::string{event->payload}, R"({"a": [1, 2] })");
}

CAF_TEST(a frame of another bus is read) {
  const padded_line line{R"({"type":"event","event_type":"t","seq":3,"payload":null})"};
  const auto event = reader.read(line);
  CAF_REQUIRE(event);
  CAF_CHECK_EQUAL(std::string{event->event_id}, "");
  CAF_CHECK_EQUAL(event->seq, 3u);
  CAF_CHECK_EQUAL(std::string{event->payload}, "null");
}

CAF_TEST(a frame with nothing but its type is an event) {
  const padded_line line{R"({"type":"event"})"};
  const auto event = reader.read(line);
  CAF_REQUIRE(event);
  CAF_CHECK_EQUAL(std::string{event->event_type}, "");
  CAF_CHECK_EQUAL(event->seq, 0u);
  CAF_CHECK_EQUAL(std::string{event->payload}, "");
}

CAF_TEST(payloads are the bytes that came) {
  for (std::string payload :
       {"1e400", "-0", "1.10", "123456789012345678901234567890", "true", "false", "null", "\"\"", R"("\ud800\/\u0000")",
        "[]", "{}", "[1 , 2]", R"({"b":1,"a":2,"b":3})", "\"}\"", R"({"type":"bye","payload":{"payload":1}})"}) {
    CAF_CHECK_EQUAL(payload_of(payload), payload);
    CAF_CHECK_EQUAL(payload_of(" \t" + payload + " \r"), payload);
  }
}

CAF_TEST(names are decoded) {
  const padded_line line{R"({"type":"\u0065vent","event_type":"a\"b","event\u005fid":"\ud83d\ude00","seq":1})"};
  const auto event = reader.read(line);
  CAF_REQUIRE(event);
  CAF_CHECK_EQUAL(std::string{event->event_type}, "a\"b");
  CAF_CHECK_EQUAL(std::string{event->event_id}, "\xf0\x9f\x98\x80");
}

CAF_TEST(fields may come in any order and the last of one name counts) {
  const padded_line line{R"({"payload":1,"seq":"x","event_type":7,"type":"bye","x":[{}],"event_type":"t","seq":2,)"
                         R"("payload":[2],"type":"event"})"};
  const auto event = reader.read(line);
  CAF_REQUIRE(event);
  CAF_CHECK_EQUAL(std::string{event->event_type}, "t");
  CAF_CHECK_EQUAL(event->seq, 2u);
  CAF_CHECK_EQUAL(std::string{event->payload}, "[2]");
}

CAF_TEST(other frames are not events) {
  for (auto line :
       {R"({"type":"bye"})", R"({"type":"hello_ack","bus_version":"v1"})", R"({"type":"events"})", R"({"type":null})",
        R"({"type":5})", R"({"event_type":"t","seq":1,"payload":1})", "{}", R"({"type":"event","type":"bye"})"})
    CAF_CHECK(!is_event(line));
}

CAF_TEST(broken lines are not events) {
  for (auto line : {"", " ", "event", "5", "[]", R"(["type","event"])", R"({"type":"event")", R"({"type":"event"}})",
                    R"({"type":"event"} x)", R"({"type":"event"}{"type":"event"})", R"({"type":"event","payload":[})",
                    R"({"type":"event","payload")", R"({"type":"event" "seq":1})", R"({"type":"event","x":"})",
                    "{\"type\":\"event\",\"x\":\"\xff\"}"}) {
    CAF_MESSAGE(line);
    CAF_CHECK(!is_event(line));
  }
}

CAF_TEST(an event with a field of the wrong type is not one) {
  for (auto field : {R"("seq":-1)", R"("seq":"1")", R"("seq":1.5)", R"("seq":18446744073709551616)", R"("seq":null)",
                     R"("event_type":1)", R"("event_id":[])", R"("event_id":"\ud800")"})
    CAF_CHECK(!is_event(std::string{R"({"type":"event",)"} + field + "}"));
}

CAF_TEST(a payload that is trusted is not looked into) {
  reader.trust_payloads();
  for (std::string payload : {"[[[", "}", R"("},{")", "{} "})
    CAF_CHECK_EQUAL(payload_of(payload), payload);
}

CAF_TEST(who trusts payloads reads everything else as ever) {
  reader.trust_payloads();
  const padded_line plain{R"({"type":"event","event_type":"im.message","event_id":"e1","source_time":"17",)"
                          R"("observed_at":"2026-11-22T11:30:38.123456789Z","seq":18446744073709551615,"payload":{}})"};
  const auto event = reader.read(plain);
  CAF_REQUIRE(event);
  CAF_CHECK_EQUAL(std::string{event->event_type}, "im.message");
  CAF_CHECK_EQUAL(std::string{event->event_id}, "e1");
  CAF_CHECK_EQUAL(event->seq, 18446744073709551615u);
  CAF_CHECK_EQUAL(std::string{event->payload}, "{}");
  const padded_line escaped{R"({"type":"event","event_type":"a\"b","event_id":"\u0065","seq":1,"payload":[2]})"};
  const auto decoded = reader.read(escaped);
  CAF_REQUIRE(decoded);
  CAF_CHECK_EQUAL(std::string{decoded->event_type}, "a\"b");
  CAF_CHECK_EQUAL(std::string{decoded->event_id}, "e");
  CAF_CHECK_EQUAL(std::string{decoded->payload}, "[2]");
  for (auto line : {R"({"type":"event","event_type":"t","seq":-1,"payload":1})", R"({"type":"event","event_type":"t)",
                    R"({"type":"event","event_type":"t","payload":1)", R"({"type":"event","event_type":"t","seq":)",
                    R"({"type":"event","event_type":"t","seq":18446744073709551616,"payload":1})", R"({"type":"bye"})"})
    CAF_CHECK(!is_event(line));
}

CAF_TEST(how often an event has been given out is read and is once if it is not said) {
  const padded_line again{R"({"type":"event","event_type":"t","seq":7,"attempt":3,"payload":1})"};
  const padded_line once{R"({"type":"event","event_type":"t","seq":8,"payload":1})"};
  for (auto trusts : {false, true}) {
    if (trusts)
      reader.trust_payloads();
    const auto event = reader.read(again);
    CAF_REQUIRE(event);
    CAF_CHECK_EQUAL(event->attempt, 3u);
    CAF_CHECK_EQUAL(event->seq, 7u);
    const auto unmarked = reader.read(once);
    CAF_REQUIRE(unmarked);
    CAF_CHECK_EQUAL(unmarked->attempt, 1u);
    CAF_CHECK(!is_event(R"({"type":"event","event_type":"t","seq":7,"attempt":"3","payload":1})"));
  }
}

CAF_TEST(a deeply nested payload costs no stack) {
  const auto payload = std::string(500'000, '[') + std::string(500'000, ']');
  CAF_CHECK(payload_of(payload) == payload);
  CAF_CHECK(!is_event(R"({"type":"event","payload":)" + std::string(1'000'000, '[')));
}

CAF_TEST_FIXTURE_SCOPE_END()
