#include "messages/event_encoder.hpp"

#include "config/defaults.hpp"
#include "messages/event_frame.hpp"
#include "tests/messages/padded_line.hpp"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::string_literals;
using outcome = event_encoder::outcome;

namespace {

/// 2026-11-22T11:30:38.123456789Z
constexpr std::chrono::system_clock::time_point arrival{std::chrono::nanoseconds{1'795'347'038'123'456'789}};

std::string nested(size_t depth, const std::string& innermost = "") {
  return std::string(depth, '[') + innermost + std::string(depth, ']');
}

std::string with_payload(const std::string& payload) {
  return R"({"event_type":"t","payload":)" + payload + "}";
}

struct fixture {
  fixture() { encoder.arrived_at(arrival); }

  outcome add(std::string_view line) { return encoder.add_line(padded_line{line}); }

  /// What became of a line: "added", "other_type" or why it was rejected.
  std::string verdict(std::string_view line) {
    switch (add(line)) {
    case outcome::added:
      return "added";
    case outcome::other_type:
      return "other_type";
    default:
      return to_string(encoder.error());
    }
  }

  std::string verdict(const event_fields& fields) {
    return encoder.add(fields) == outcome::added ? "added" : to_string(encoder.error());
  }

  /// The frames of all that was added, the first with the sequence number `seq`.
  std::string frames(uint64_t seq = 1) {
    std::string out;
    if (auto batch = encoder.finish())
      append_frames(out, {batch, 0, static_cast<uint32_t>(batch->size()), seq});
    return out;
  }

  std::string frame_of(std::string_view line) { return add(line) == outcome::added ? frames() : "rejected"; }

  std::string payload_of(std::string_view line) {
    if (add(line) != outcome::added)
      return "rejected: " + to_string(encoder.error());
    return std::string{encoder.finish()->payload(0)};
  }

  event_encoder encoder;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(event_encoder_tests, fixture)

// -- the frame ----------------------------------------------------------------------------------------------------

CAF_TEST(an event with all its fields is encoded in their order) {
  CAF_CHECK_EQUAL(frame_of(R"({"payload":{"a":1},"tenant_key":"tk","app_id":"ap","source_time":"st","event_id":"id",)"
                           R"("event_type":"et","type":"publish"})"),
                  R"({"type":"event","event_type":"et","event_id":"id","source_time":"st","app_id":"ap",)"
                  R"("tenant_key":"tk","observed_at":"2026-11-22T11:30:38.123456789Z","seq":1,"payload":{"a":1}})"
                  "\n");
}

CAF_TEST(what was not published is left out) {
  const auto expected = R"({"type":"event","event_type":"et",)"
                        R"("observed_at":"2026-11-22T11:30:38.123456789Z","seq":1,"payload":1})"
                        "\n"s;
  CAF_CHECK_EQUAL(frame_of(R"({"event_type":"et","payload":1})"), expected);
  CAF_CHECK_EQUAL(frame_of(R"({"event_type":"et","payload":1,"event_id":"","source_time":"","app_id":""})"), expected);
  CAF_CHECK_EQUAL(frame_of(R"({"event_type":"et","payload":1,"event_id":null,"source_time":null,"app_id":null,)"
                           R"("tenant_key":null,"type":null})"),
                  expected);
}

CAF_TEST(unknown fields are left out whatever they hold) {
  CAF_CHECK_EQUAL(
      frame_of(R"({"x":1e400,"event_type":"et","\ud800":"\ud800","payload":1,"seq":7,"y":[{"payload":2}]})"),
      frame_of(R"({"event_type":"et","payload":1})"));
}

CAF_TEST(the last of several fields with one name counts) {
  CAF_CHECK_EQUAL(frame_of(R"({"event_type":7,"payload":1,"event_type":"a","payload":2,"event_id":"x","event_id":"y",)"
                           R"("type":"hello","type":"publish"})"),
                  frame_of(R"({"event_type":"a","event_id":"y","payload":2})"));
  CAF_CHECK_EQUAL(frame_of(R"({"event_type":"a","payload":1,"event_id":"x","event_id":null})"),
                  frame_of(R"({"event_type":"a","payload":1})"));
  CAF_CHECK_EQUAL(verdict(R"({"event_type":"a","payload":1,"event_id":"x","event_id":5})"), "bad_name");
}

CAF_TEST(keys are compared after they are decoded) {
  CAF_CHECK_EQUAL(frame_of(R"({"event\u005ftype":"a","p\u0061yload":[1]})"),
                  frame_of(R"({"event_type":"a","payload":[1]})"));
}

CAF_TEST(the frame is JSON with the same content) {
  const auto frame = frame_of(R"({"event_type":"a\"\\\/\u00e9\n\u0001","event_id":"\ud83d\ude00","payload":"x"})");
  const auto json = nlohmann::json::parse(frame, nullptr, false);
  CAF_REQUIRE(!json.is_discarded());
  CAF_CHECK_EQUAL(json["event_type"].get<std::string>(), "a\"\\/\xc3\xa9\n\x01");
  CAF_CHECK_EQUAL(json["event_id"].get<std::string>(), "\xf0\x9f\x98\x80");
  CAF_CHECK_EQUAL(frame.find('\n'), frame.size() - 1);
}

CAF_TEST(equal ids have equal bytes however they were escaped) {
  for (auto id : {R"(a/\n\"\u00e9)", R"(a\/\u000A\u0022é)", R"(\u0061\u002f\u000a\"\u00E9)"})
    CAF_CHECK_EQUAL(verdict(R"({"event_type":"\"t\\","payload":1,"event_id":")"s + id + "\"}"), "added");
  event_fields fields{};
  fields.event_type = "\"t\n"; // the longer before it, where it is escaped
  fields.event_id = "a/\n\"\xc3\xa9";
  fields.payload = "1";
  CAF_CHECK_EQUAL(verdict(fields), "added");
  const auto batch = encoder.finish();
  for (size_t i = 0; i < batch->size(); ++i)
    CAF_CHECK_EQUAL(std::string{batch->id(i)}, R"(a/\n\")"s + "\xc3\xa9");
}

CAF_TEST(every control character is escaped in one way) {
  std::string id;
  for (char c = 0; c < 0x20; ++c)
    id += c;
  event_fields fields{};
  fields.event_type = "t";
  fields.event_id = id;
  fields.payload = "1";
  CAF_CHECK_EQUAL(verdict(fields), "added");
  CAF_CHECK_EQUAL(
      std::string{encoder.finish()->id(0)},
      R"(\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f)"
      R"(\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f)");
}

// -- payloads -----------------------------------------------------------------------------------------------------

CAF_TEST(a payload travels verbatim) {
  for (std::string payload : {"9223372036854775807",
                              "18446744073709551615",
                              "-9223372036854775808",
                              "123456789012345678901234567890",
                              "1e400",
                              "-1E+400",
                              "-0",
                              "-0.0",
                              "1.10",
                              "1e5",
                              "0.1000000000000000055511151231257827",
                              "true",
                              "false",
                              "null",
                              "\"\"",
                              "\"a b\"",
                              R"("\u0000")",
                              R"("\/")",
                              R"("\ud83d\ude00")",
                              R"("\ud800")",
                              R"("\udc00x\ud800")",
                              R"("\u00E9\u00e9")",
                              "\"\xc3\xa9\xe2\x80\xa8\xf0\x9f\x98\x80\"",
                              "\"<&>\"",
                              "\"}\"",
                              "[]",
                              "{}",
                              "[ ]",
                              "{ }",
                              "[1 ,\t2\r]",
                              R"({"b":1,"a":2,"b":3})",
                              R"({ "z" : [ 1 , { "y" : "x" } ] })",
                              R"({"payload":{"event_type":"inner"}})"}) {
    CAF_CHECK_EQUAL(payload_of(with_payload(payload)), payload);
    CAF_CHECK_EQUAL(payload_of(R"({"payload":)" + payload + R"(,"event_type":"t"})"), payload);
    CAF_CHECK_EQUAL(payload_of("{ \"payload\" :\t " + payload + " \r , \"event_type\":\"t\" } "), payload);
    CAF_CHECK_EQUAL(payload_of(" {\"event_type\":\"t\",\"payload\": " + payload + " \t} "), payload);
  }
}

CAF_TEST(a payload that is not JSON is refused) {
  for (std::string payload : {"NaN",
                              "Infinity",
                              "01",
                              "-",
                              "+1",
                              "1.",
                              ".5",
                              "0x1",
                              "tru",
                              "nulll",
                              "'a'",
                              "\"abc",
                              "\"\\x\"",
                              "\"\\u12\"",
                              "\"a\tb\"",
                              "\"a\001b\"",
                              "\"\xff\"",
                              "\"\xc0\xaf\"",
                              "\"\xed\xa0\x80\"",
                              "[1,]",
                              "[1",
                              "{\"a\":1",
                              "{\"a\":1,}",
                              "{a:1}",
                              "{\"a\"}",
                              "[}",
                              "1 2",
                              "1e400 2",
                              "\"\\ud800",
                              ""}) {
    CAF_MESSAGE(payload);
    CAF_CHECK_EQUAL(verdict(with_payload(payload)), "not_json");
  }
  CAF_CHECK_EQUAL(encoder.size(), 0u);
  CAF_CHECK_EQUAL(encoder.bytes(), 0u);
  CAF_CHECK(encoder.finish() == nullptr);
}

CAF_TEST(a line with more than one value is refused) {
  for (auto tail : {"}", " x", "{}", ",", " 1", "\xff"})
    CAF_CHECK_EQUAL(verdict(with_payload("1") + tail), "not_json");
  for (auto line : {"", " ", "\t\r", "x"})
    CAF_CHECK_EQUAL(verdict(line), "not_json");
}

CAF_TEST(a line that is no object is refused) {
  for (auto line : {"5", "\"a\"", "[]", "[{\"event_type\":\"t\",\"payload\":1}]", "null", " true ", "1e400"})
    CAF_CHECK_EQUAL(verdict(line), "not_an_object");
}

CAF_TEST(real webhooks pass with every byte of their payloads) {
  const auto path = std::filesystem::path{"tests/data/github-webhooks.ndjson"};
  std::ifstream file{path};
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);)
    lines.push_back(line);
  CAF_REQUIRE_EQUAL(lines.size(), 20u);
  for (const auto& line : lines)
    CAF_CHECK_EQUAL(verdict(line), "added");
  const auto batch = encoder.finish();
  event_frame_reader reader;
  for (size_t i = 0; i < lines.size(); ++i) {
    const auto json = nlohmann::json::parse(lines[i]);
    const auto at = lines[i].find("\"payload\":") + 10; // the last field of each of these lines
    const auto payload = lines[i].substr(at, lines[i].size() - at - 1);
    std::string frame;
    append_frames(frame, {batch, static_cast<uint32_t>(i), static_cast<uint32_t>(i + 1), 1});
    const padded_line padded{frame};
    const auto event = reader.read(padded);
    CAF_REQUIRE(event);
    CAF_CHECK(event->payload == payload);
    CAF_CHECK(batch->payload(i) == payload);
    CAF_CHECK_EQUAL(std::string{event->event_type}, json["event_type"].get<std::string>());
    CAF_CHECK_EQUAL(std::string{event->event_id}, json["event_id"].get<std::string>());
    CAF_CHECK_EQUAL(batch->type(i), json["event_type"].get<std::string>());
  }
  CAF_CHECK_EQUAL(batch->types.size(), 16u);
}

// -- limits -------------------------------------------------------------------------------------------------------

CAF_TEST(nesting is allowed up to the limit of the whole line) {
  constexpr auto limit = defaults::max_json_depth;
  for (auto innermost : {"", "1", "1e400"}) {
    const auto deepest = nested(limit - 1, innermost);
    const auto deeper = nested(limit, innermost);
    CAF_CHECK_EQUAL(verdict(with_payload(deepest)), "added");
    CAF_CHECK_EQUAL(verdict(with_payload(deeper)), "too_deep");
    CAF_CHECK_EQUAL(verdict(event_fields{"t", "", "", "", "", deepest}), "added");
    CAF_CHECK_EQUAL(verdict(event_fields{"t", "", "", "", "", deeper}), "too_deep");
  }
}

CAF_TEST(a megabyte of brackets is refused and does no harm) {
  CAF_CHECK_EQUAL(verdict(std::string(1'048'000, '[')), "not_json");
  CAF_CHECK_EQUAL(verdict(nested(524'000)), "too_deep");
  CAF_CHECK_EQUAL(verdict(with_payload(nested(500'000))), "too_deep");
  CAF_CHECK_EQUAL(payload_of(with_payload("[1]")), "[1]");
}

CAF_TEST(names are allowed up to their limit) {
  const std::string longest(defaults::max_name_bytes, 'x');
  for (auto key : {"event_type", "event_id", "source_time", "app_id", "tenant_key"}) {
    const auto line = [&](const std::string& text) {
      return R"({"event_type":"t","payload":1,")"s + key + "\":\"" + text + "\"}";
    };
    CAF_CHECK_EQUAL(verdict(line(longest)), "added");
    CAF_CHECK_EQUAL(verdict(line(longest + "x")), "name_too_long");
  }
}

CAF_TEST(the length of a name is that of its decoded text) {
  std::string escaped;
  for (size_t i = 0; i < defaults::max_name_bytes; ++i)
    escaped += "\\u0001";
  CAF_CHECK_EQUAL(verdict(R"({"event_type":"t","payload":1,"event_id":")" + escaped + "\"}"), "added");
  CAF_CHECK_EQUAL(verdict(R"({"event_type":"t","payload":1,"event_id":")" + escaped + "x\"}"), "name_too_long");
}

CAF_TEST(a payload is allowed up to its limit) {
  const auto text = '"' + std::string(defaults::max_payload_bytes - 2, 'x') + '"';
  CAF_CHECK_EQUAL(verdict(with_payload(text)), "added");
  CAF_CHECK_EQUAL(verdict(with_payload(text + "   ")), "added");
  CAF_CHECK_EQUAL(verdict(with_payload("\"x" + text.substr(1))), "payload_too_large");
}

CAF_TEST(the largest event that is accepted fits a frame) {
  std::string name;
  for (size_t i = 0; i < defaults::max_name_bytes; ++i)
    name += '\x01';
  const auto payload = '"' + std::string(defaults::max_payload_bytes - 2, 'x') + '"';
  CAF_CHECK_EQUAL(verdict(event_fields{name, name, name, name, name, payload}), "added");
  CAF_CHECK(frames(std::numeric_limits<uint64_t>::max()).size() <= defaults::max_frame_bytes);
}

CAF_TEST(each kind of name can be bad) {
  for (auto key : {"event_type", "event_id", "source_time", "app_id", "tenant_key"})
    for (auto value : {"1", "true", "[]", "{}", R"("\ud800")", R"("\udc00")", R"("\ud800\ud800")"})
      CAF_CHECK_EQUAL(verdict(R"({"event_type":"t","payload":1,")"s + key + "\":" + value + "}"), "bad_name");
}

CAF_TEST(an event needs a type and a payload) {
  CAF_CHECK_EQUAL(verdict(R"({"payload":1})"), "missing_event_type");
  CAF_CHECK_EQUAL(verdict(R"({"event_type":null,"payload":1})"), "missing_event_type");
  CAF_CHECK_EQUAL(verdict(R"({"event_type":"","payload":1})"), "missing_event_type");
  CAF_CHECK_EQUAL(verdict("{}"), "missing_event_type");
  CAF_CHECK_EQUAL(verdict(R"({"event_type":"t"})"), "missing_payload");
  CAF_CHECK_EQUAL(verdict(R"({"event_type":"t","x":{"payload":1}})"), "missing_payload");
  CAF_CHECK_EQUAL(verdict(R"({"event_type":"t","payload":null})"), "added");
}

CAF_TEST(a frame of another type is told apart) {
  for (auto type : {R"("hello")", R"("event")", R"("")", R"("Publish")", "5", "[]", R"("\ud800")"})
    CAF_CHECK_EQUAL(verdict(R"({"event_type":"t","payload":1,"type":)"s + type + "}"), "other_type");
  CAF_CHECK_EQUAL(verdict(R"({"type":"bye"})"), "other_type");
  CAF_CHECK_EQUAL(verdict(R"({"type":"bye","reason":01})"), "not_json");
  CAF_CHECK_EQUAL(encoder.size(), 0u);
}

// -- events from programs -----------------------------------------------------------------------------------------

CAF_TEST(an event from a program has the frame of a line) {
  const auto expected = frame_of(R"({"event_type":"et","event_id":"i\n","source_time":"s","app_id":"a",)"
                                 R"("tenant_key":"t","payload":[1, 2]})");
  CAF_CHECK_EQUAL(verdict(event_fields{"et", "i\n", "s", "a", "t", "[1, 2]"}), "added");
  CAF_CHECK_EQUAL(frames(), expected);
}

CAF_TEST(line ends around the tokens of a payload are removed) {
  CAF_CHECK_EQUAL(verdict(event_fields{"t", "", "", "", "", "\r\n{\n  \"a\": [\r\n1,\n2]\n}\n"}), "added");
  const auto batch = encoder.finish();
  CAF_CHECK_EQUAL(std::string{batch->payload(0)}, "{  \"a\": [\r1,2]}");
}

CAF_TEST(line ends within the tokens of a payload are refused) {
  for (auto payload : {"\"a\nb\"", "1\n2", "tr\nue", "\"\\\n\"", "\n", " "})
    CAF_CHECK_EQUAL(verdict(event_fields{"t", "", "", "", "", payload}), "not_json");
}

CAF_TEST(an event from a program is checked like a line) {
  CAF_CHECK_EQUAL(verdict(event_fields{"", "", "", "", "", "1"}), "missing_event_type");
  CAF_CHECK_EQUAL(verdict(event_fields{"t", "", "", "", "", ""}), "missing_payload");
  CAF_CHECK_EQUAL(verdict(event_fields{"t", "", "", "", "", "1,\"x\":2"}), "not_json");
  CAF_CHECK_EQUAL(verdict(event_fields{"t", "", "", "", "", "1e400"}), "added");
  CAF_CHECK_EQUAL(verdict(event_fields{"\xff", "", "", "", "", "1"}), "bad_name");
  CAF_CHECK_EQUAL(verdict(event_fields{"t", "\xed\xa0\x80", "", "", "", "1"}), "bad_name");
  const std::string too_long(defaults::max_name_bytes + 1, 'x');
  CAF_CHECK_EQUAL(verdict(event_fields{"t", "", "", "", too_long, "1"}), "name_too_long");
  const std::string large(defaults::max_payload_bytes + 1, '1');
  CAF_CHECK_EQUAL(verdict(event_fields{"t", "", "", "", "", large}), "payload_too_large");
}

CAF_TEST(times are written as RFC 3339 in UTC with nanoseconds) {
  using namespace std::chrono;
  CAF_CHECK_EQUAL(to_rfc3339(arrival), "2026-11-22T11:30:38.123456789Z");
  CAF_CHECK_EQUAL(to_rfc3339(system_clock::time_point{}), "1970-01-01T00:00:00.000000000Z");
  CAF_CHECK_EQUAL(to_rfc3339(system_clock::time_point{nanoseconds{-1}}), "1969-12-31T23:59:59.999999999Z");
  CAF_CHECK_EQUAL(to_rfc3339(system_clock::time_point{seconds{1'709'164'800} + nanoseconds{7}}),
                  "2024-02-29T00:00:00.000000007Z");
}

CAF_TEST_FIXTURE_SCOPE_END()
