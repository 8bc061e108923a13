#include "cli/line_fault.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;

CAF_TEST(a code is followed by its meaning with field and limit) {
  CAF_CHECK_EQUAL(line_fault("bad_name", R"({"event_type":"a","event_id":1,"payload":1})"),
                  "bad_name: event_id is not a string in valid UTF-8");
  CAF_CHECK_EQUAL(line_fault("name_too_long", R"({"event_type":"a","app_id":")" + std::string(1'025, 'x') + "\"}"),
                  "name_too_long: app_id is longer than 1024 bytes");
  CAF_CHECK_EQUAL(line_fault("payload_too_large", ""), "payload_too_large: the payload is longer than 983040 bytes");
  CAF_CHECK_EQUAL(line_fault("too_deep", ""), "too_deep: its JSON is nested deeper than 1024 levels");
  for (const auto* code : {"not_json", "not_an_object", "missing_event_type", "missing_payload"})
    CAF_CHECK(line_fault(code, "{}").starts_with(std::string{code} + ": "));
}

CAF_TEST(a field that cannot be told is one of all) {
  CAF_CHECK_EQUAL(
      line_fault("bad_name", R"({"event_type":"\ud800"})"),
      "bad_name: one of event_type, event_id, source_time, app_id, tenant_key is not a string in valid UTF-8");
}

CAF_TEST(what is a sentence already stays as it is) {
  for (const auto* text : {"not_json: it is UTF-16", "its \"type\" is not \"publish\"", ""})
    CAF_CHECK_EQUAL(line_fault(text, "{}"), text);
}
