#include "messages/event_line.hpp"

#include "messages/padded_line.hpp"

#include <string>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

using kind = event_name::kind;

constexpr size_t depth = 8;

/// The parts are views into `line`.
parsed_event_line read(const padded_line& line) {
  return read_event_line(line, depth);
}

std::optional<event_error> error_of(std::string_view text) {
  const padded_line line{text};
  return read(line).error;
}

std::optional<event_error> fault_of(std::string_view text) {
  const padded_line line{text};
  return read(line).parts.fault();
}

} // namespace

CAF_TEST(a line is taken apart and its payload stays as it is written) {
  const padded_line line{R"({"event_type":"t","event_id":"1","source_time":"s","app_id":"a","tenant_key":"k",)"
                         R"( "payload" : {"n": 1.10} })"};
  const auto [parts, error] = read(line);
  CAF_REQUIRE(!error);
  CAF_CHECK_EQUAL(parts.event_type.text, "t");
  CAF_CHECK_EQUAL(parts.event_id.text, "1");
  CAF_CHECK_EQUAL(parts.source_time.text, "s");
  CAF_CHECK_EQUAL(parts.app_id.text, "a");
  CAF_CHECK_EQUAL(parts.tenant_key.text, "k");
  CAF_CHECK_EQUAL(parts.payload, R"({"n": 1.10})");
  CAF_CHECK(parts.type.is == kind::absent);
  CAF_CHECK(!parts.fault());
}

CAF_TEST(escapes in keys and names are decoded) {
  const padded_line line{R"({"event_\u0074ype":"\u00e4\n","payload":"\u00e4"})"};
  const auto [parts, error] = read(line);
  CAF_REQUIRE(!error);
  CAF_CHECK_EQUAL(parts.event_type.text, "\u00e4\n");
  CAF_CHECK_EQUAL(parts.payload, R"("\u00e4")");
}

CAF_TEST(only a name from a line without an escape in a key or name can be written again as it is) {
  const padded_line plain{R"({"event_type":"t","payload":"\u00e4"})"};
  CAF_CHECK(read(plain).parts.event_type.is_plain);
  const padded_line escaped{R"({"event_type":"t","app_id":"\\","payload":1})"};
  const auto parts = read(escaped).parts;
  CAF_CHECK(!parts.event_type.is_plain);
  CAF_CHECK(!parts.app_id.is_plain);
  CAF_CHECK(!event_name::from("\"").is_plain);
}

CAF_TEST(the last of several fields with one key counts) {
  const padded_line line{R"({"event_type":"a","payload":1,"event_type":"b","payload":2})"};
  const auto parts = read(line).parts;
  CAF_CHECK_EQUAL(parts.event_type.text, "b");
  CAF_CHECK_EQUAL(parts.payload, "2");
}

CAF_TEST(null is as good as absent and a number is no name) {
  const padded_line line{R"({"event_id":null,"app_id":7,"tenant_key":"\ud800","payload":1})"};
  const auto parts = read(line).parts;
  CAF_CHECK(parts.event_id.is == kind::absent);
  CAF_CHECK(parts.app_id.is == kind::bad);
  CAF_CHECK(parts.tenant_key.is == kind::bad);
}

CAF_TEST(what is no object of json is told apart) {
  CAF_CHECK(error_of("") == event_error::not_json);
  CAF_CHECK(error_of("{") == event_error::not_json);
  CAF_CHECK(error_of("{} {}") == event_error::not_json);
  CAF_CHECK(error_of("{\"a\":\"\xff\"}") == event_error::not_json);
  CAF_CHECK(error_of(" [1]") == event_error::not_an_object);
  CAF_CHECK(error_of("\"x\"") == event_error::not_an_object);
  CAF_CHECK(error_of(R"({"payload":[[[[[[[[1]]]]]]]]})") == event_error::too_deep);
  CAF_CHECK(!error_of(R"({"payload":[[[[[[[1]]]]]]]})"));
}

CAF_TEST(numbers that no program can hold are json) {
  CAF_CHECK(!error_of(R"({"payload":1e400})"));
  CAF_CHECK(!error_of(R"({"payload":123456789012345678901234567890})"));
}

CAF_TEST(an event lacks what it must have) {
  const std::string long_name(defaults::max_name_bytes + 1, 'x');
  const std::string long_payload(defaults::max_payload_bytes, 'x');
  CAF_CHECK(!fault_of(R"({"event_type":"t","payload":1})"));
  CAF_CHECK(fault_of(R"({"payload":1})") == event_error::missing_event_type);
  CAF_CHECK(fault_of(R"({"event_type":"","payload":1})") == event_error::missing_event_type);
  CAF_CHECK(fault_of(R"({"event_type":"t"})") == event_error::missing_payload);
  CAF_CHECK(fault_of(R"({"event_type":"t","event_id":1,"payload":1})") == event_error::bad_name);
  CAF_CHECK(fault_of(R"({"event_type":")" + long_name + R"(","payload":1})") == event_error::name_too_long);
  CAF_CHECK(fault_of(R"({"event_type":"t","payload":")" + long_payload + R"("})") == event_error::payload_too_large);
}

CAF_TEST(a type is that of a publisher unless it names another frame) {
  const auto is_other = [](std::string_view text) {
    const padded_line line{text};
    return read(line).parts.is_other_type();
  };
  CAF_CHECK(!is_other(R"({"payload":1})"));
  CAF_CHECK(!is_other(R"({"type":null})"));
  CAF_CHECK(!is_other(R"({"type":"publish"})"));
  CAF_CHECK(is_other(R"({"type":"bye"})"));
  CAF_CHECK(is_other(R"({"type":""})"));
  CAF_CHECK(is_other(R"({"type":7})"));
}

CAF_TEST(the frame of another bus says when it was observed) {
  const auto is_frame = [](std::string_view text) {
    const padded_line line{text};
    return read(line).parts.is_event_frame();
  };
  CAF_CHECK(is_frame(R"({"type":"event","observed_at":"2026-01-02T03:04:05Z"})"));
  CAF_CHECK(!is_frame(R"({"type":"event"})"));
  CAF_CHECK(!is_frame(R"({"type":"event","observed_at":null})"));
  CAF_CHECK(!is_frame(R"({"observed_at":"2026-01-02T03:04:05Z"})"));
}

CAF_TEST(a name from a program is checked) {
  CAF_CHECK(event_name::from("a").good());
  CAF_CHECK(event_name::from("").good());
  CAF_CHECK(!event_name::from("\xff").good());
  CAF_CHECK_EQUAL(event_name::from("\xff").text, "");
}

CAF_TEST(one value is checked as a line is) {
  const auto check = [](std::string_view text, size_t max_depth) { return check_json(padded_line{text}, max_depth); };
  CAF_CHECK(!check("[1, 1e400]", 1));
  CAF_CHECK(check("[[1]]", 1) == event_error::too_deep);
  CAF_CHECK(check("1 2", 1) == event_error::not_json);
  CAF_CHECK(check("", 1) == event_error::not_json);
}

CAF_TEST(lines are read after memory has been given back) {
  const padded_line large{R"({"event_type":"\u0074","payload":")" + std::string(500'000, 'x') + R"("})"};
  CAF_CHECK(!read(large).error);
  trim_event_line_memory();
  const padded_line line{R"({"event_type":"\u0074","payload":1})"};
  CAF_CHECK_EQUAL(read(line).parts.event_type.text, "t");
}
