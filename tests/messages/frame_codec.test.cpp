#include "messages/frame_codec.hpp"

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <caf/test/unit_test.hpp>

// g++ 12 misses members that designated initialisers leave at their default
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

using namespace cafbus;

namespace {

template <class T>
bool decodes_to(std::string_view line, const T& expected) {
  const auto result = decode(line);
  const auto* decoded = std::get_if<frame>(&result);
  return decoded != nullptr && *decoded == frame{expected};
}

std::string error_of(std::string_view line) {
  const auto result = decode(line);
  const auto* error = std::get_if<codec_error>(&result);
  return error == nullptr ? "none" : to_string(*error);
}

/// Checks the exact text of a frame, and that it comes back from it, with and without its line end.
template <class T>
void check_frame(const T& x, const std::string& text) {
  CAF_CHECK_EQUAL(encode(x), text + '\n');
  CAF_CHECK(decodes_to(text, x));
  CAF_CHECK(decodes_to(text + '\n', x));
  CAF_CHECK(decodes_to(text + "\r\n", x));
}

status_response full_status() {
  status_response x{.pid = 7,
                    .uptime_sec = 60,
                    .active_conns = 2,
                    .version = "0.1.0",
                    .app = "default",
                    .state = bus_phase::running,
                    .socket = "/run/bus.sock",
                    .last_event_at = "2026-11-22T11:30:38.123456789Z"};
  x.consumers = {{.pid = 8,
                  .event_key = "a",
                  .subscription_id = "a/1",
                  .received = 6,
                  .dropped = 1,
                  .delivered = 3,
                  .queued = 2,
                  .queued_bytes = 400,
                  .event_types = {"a", "b"}},
                 {.pid = 9, .event_key = "b"}};
  x.counters = {.ingress = 10, .duplicates = 1, .unmatched = 2, .matched = 7, .rejected = 5};
  x.unmatched_types = {{"x", 2}, {"y", 1}};
  x.sources = {{"stdin", source_state::connected, "since boot", "2026-11-22T11:30:00.000000000Z"},
               {"exec", source_state::connecting, "", "t"}};
  return x;
}

} // namespace

CAF_TEST(hello has its fields in order and its optional ones only when set) {
  check_frame(hello{.pid = 42, .event_key = "im.message", .event_types = {}},
              R"({"type":"hello","pid":42,"event_key":"im.message","event_types":[],"version":"v1"})");
  check_frame(hello{.pid = -1,
                    .event_key = "k",
                    .event_types = {"a", "b"},
                    .version = "v2",
                    .subscription_id = "k/1",
                    .capabilities = {"x"}},
              R"({"type":"hello","pid":-1,"event_key":"k","event_types":["a","b"],"version":"v2",)"
              R"("subscription_id":"k/1","capabilities":["x"]})");
}

CAF_TEST(hello has patterns beside its types) {
  check_frame(
      hello{.pid = 1, .event_key = "k", .event_types = {"a.*"}, .patterns = {"b.*", ">"}},
      R"({"type":"hello","pid":1,"event_key":"k","event_types":["a.*"],"patterns":["b.*",">"],"version":"v1"})");
}

CAF_TEST(the frames that change a subscription name what changes) {
  check_frame(subscribe_frame{{"a"}, {"b.*"}}, R"({"type":"subscribe","event_types":["a"],"patterns":["b.*"]})");
  check_frame(unsubscribe_frame{{}, {">"}}, R"({"type":"unsubscribe","patterns":[">"]})");
  check_frame(subscribed_frame{{"a"}, {}}, R"({"type":"subscribed","event_types":["a"]})");
}

CAF_TEST(hello carries a filter with values of every kind) {
  using list = std::vector<filter_scalar>;
  hello x{.pid = 1, .event_key = "k"};
  x.filter = {{"/a", "==", filter_value{filter_scalar{std::string{"x"}}}},
              {"", "!=", filter_value{filter_scalar{}}},
              {"/c", "in", filter_value{list{filter_scalar{int64_t{-1}}, filter_scalar{2.5}, filter_scalar{false}}}},
              {"/d", "exists", {}},
              {"/e", "<", filter_value{filter_scalar{UINT64_MAX}}}};
  x.on_filter_error = "pass";
  check_frame(x, R"({"type":"hello","pid":1,"event_key":"k","event_types":[],"version":"v1","filter":[)"
                 R"({"pointer":"/a","op":"==","value":"x"},{"pointer":"","op":"!=","value":null},)"
                 R"({"pointer":"/c","op":"in","value":[-1,2.5,false]},{"pointer":"/d","op":"exists"},)"
                 R"({"pointer":"/e","op":"<","value":18446744073709551615}],"on_filter_error":"pass"})");
}

CAF_TEST(a condition with a value that cannot be compared with is read and can be refused) {
  for (const auto* value : {"{}", R"([["a"]])", R"({"deep":[1,{"x":2}]})", "1e999"}) {
    const auto read = decode(R"({"type":"hello","pid":1,"event_key":"k","filter":[{"pointer":"/a","op":"==","value":)" +
                             std::string{value} + R"(,"more":1},{"pointer":"/b","op":"exists"}]})");
    CAF_REQUIRE(std::holds_alternative<frame>(read));
    const auto& filter = std::get<hello>(std::get<frame>(read)).filter;
    CAF_REQUIRE_EQUAL(filter.size(), 2u);
    CAF_CHECK(filter[0].value == filter_value{unusable_value{}});
    CAF_CHECK_EQUAL(filter[1].pointer, "/b");
  }
}

CAF_TEST(hello carries the hooks with their surroundings) {
  hello x{.pid = 1, .event_key = "k", .exclusive = true, .on_first = "up", .on_last = "down", .hook_dir = "/tmp"};
  x.hook_env = {{"PATH", "/bin"}, {"A", ""}};
  x.hook_umask = 0;
  check_frame(x, R"({"type":"hello","pid":1,"event_key":"k","event_types":[],"version":"v1","exclusive":true,)"
                 R"("on_first":"up","on_last":"down","hook_env":{"A":"","PATH":"/bin"},"hook_dir":"/tmp",)"
                 R"("hook_umask":0})");
}

CAF_TEST(hello_ack has its fields in order) {
  check_frame(hello_ack{.first_for_key = true}, R"({"type":"hello_ack","bus_version":"v1","first_for_key":true})");
  check_frame(hello_ack{.bus_version = "v3", .rejected = true, .reject_reason = "no", .capabilities = {"x", "y"}},
              R"({"type":"hello_ack","bus_version":"v3","first_for_key":false,"rejected":true,)"
              R"("reject_reason":"no","capabilities":["x","y"]})");
}

CAF_TEST(bye and the shutdown frames have their fields in order) {
  check_frame(bye{}, R"({"type":"bye"})");
  check_frame(bye{"stalled"}, R"({"type":"bye","reason":"stalled"})");
  check_frame(pre_shutdown_check{"k", ""}, R"({"type":"pre_shutdown_check","event_key":"k"})");
  check_frame(pre_shutdown_check{"k", "k/1"},
              R"({"type":"pre_shutdown_check","event_key":"k","subscription_id":"k/1"})");
  check_frame(pre_shutdown_ack{false}, R"({"type":"pre_shutdown_ack","last_for_key":false})");
  check_frame(pre_shutdown_ack{true}, R"({"type":"pre_shutdown_ack","last_for_key":true})");
  check_frame(reload_request{}, R"({"type":"reload"})");
  check_frame(reload_result{"/f", {{"drain", "1s", "2s"}}, {{"source", "", "stdin"}}, "", {"w"}},
              R"({"type":"reload_result","file":"/f","changed":[{"option":"drain","from":"1s","to":"2s"}],)"
              R"("need_restart":[{"option":"source","from":"","to":"stdin"}],"warnings":["w"]})");
  check_frame(shutdown{}, R"({"type":"shutdown"})");
  check_frame(shutdown{true}, R"({"type":"shutdown","force":true})");
  check_frame(shutdown{false}, R"({"type":"shutdown","force":false})");
}

CAF_TEST(a gap has its fields in order and an unknown reason is understood) {
  check_frame(gap_frame{1, 2, 2, gap_reason::queue_full},
              R"({"type":"gap","from_seq":1,"to_seq":2,"count":2,"reason":"queue_full"})");
  CAF_CHECK(decodes_to(R"({"type":"gap","from_seq":3,"to_seq":3,"count":1,"reason":"brand_new"})",
                       gap_frame{3, 3, 1, gap_reason::unknown}));
}

CAF_TEST(source_status publish_ack and error have their fields in order) {
  check_frame(source_status{"s", source_state::connected, ""},
              R"({"type":"source_status","source":"s","state":"connected"})");
  check_frame(source_status{"s", source_state::connecting, "again"},
              R"({"type":"source_status","source":"s","state":"connecting","detail":"again"})");
  check_frame(publish_ack{1, 2, std::numeric_limits<uint64_t>::max()},
              R"({"type":"publish_ack","accepted":1,"duplicates":2,"rejected":18446744073709551615})");
  check_frame(wait_for_room{250}, R"({"type":"wait_for_room","wait_ms":250})");
  check_frame(publish_ack{1, 2, 3, 0, 4},
              R"({"type":"publish_ack","accepted":1,"duplicates":2,"rejected":3,"unmatched":0,"consumers":4})");
  check_frame(error_frame{error_code::frame_too_large, "too large"},
              R"({"type":"error","code":"frame_too_large","message":"too large"})");
}

CAF_TEST(status frames have their fields in order) {
  check_frame(status_query{}, R"({"type":"status_query"})");
  check_frame(
      status_response{},
      R"({"type":"status_response","pid":0,"uptime_sec":0,"active_conns":0,"consumers":[],"version":"","app":"",)"
      R"("state":"unknown","socket":"","counters":{"ingress":0,"duplicates":0,"unmatched":0,"matched":0,"rejected":0},)"
      R"("unmatched_types":[],"sources":[]})");
  check_frame(
      full_status(),
      R"({"type":"status_response","pid":7,"uptime_sec":60,"active_conns":2,"consumers":[{"pid":8,"event_key":"a",)"
      R"("subscription_id":"a/1","received":6,"dropped":1,"delivered":3,"queued":2,"queued_bytes":400,)"
      R"("event_types":["a","b"]},{"pid":9,"event_key":"b","subscription_id":"","received":0,"dropped":0,"delivered":0,"queued":0,)"
      R"("queued_bytes":0,"event_types":[]}],"version":"0.1.0","app":"default","state":"running",)"
      R"("socket":"/run/bus.sock","last_event_at":"2026-11-22T11:30:38.123456789Z","counters":{"ingress":10,)"
      R"("duplicates":1,"unmatched":2,"matched":7,"rejected":5},"unmatched_types":[{"event_type":"x","count":2},)"
      R"({"event_type":"y","count":1}],"sources":[{"source":"stdin","state":"connected","detail":"since boot",)"
      R"("since":"2026-11-22T11:30:00.000000000Z"},{"source":"exec","state":"connecting","since":"t"}]})");
}

CAF_TEST(status shows each limit beside what is held of it) {
  load_and_limits x{{.connections = 1,
                     .half_open = 2,
                     .refused = 3,
                     .paused = true,
                     .queued_bytes = 4,
                     .hooks = 5,
                     .waiting_hooks = 6},
                    {}};
  x.limits.dedup_ttl = std::chrono::milliseconds{1'500};
  x.limits.idle_timeout = {};
  const auto line = encode(status_response{.limits = x});
  CAF_CHECK(line.find(R"("limits":{"connections":1,"max_connections":0,"half_open":2,"max_half_open":1024,"refused":3,)"
                      R"("paused":true,"queued_bytes":4,"max_queued_bytes":1073741824,"queue_capacity":65536,)"
                      R"("queue_bytes":8388608,"max_event_types":1024,"max_key_bytes":1024,"max_json_depth":1024,)"
                      R"("log_lines":1,"idle_timeout_ms":0,"drain_ms":2000,"write_timeout_ms":5000,)"
                      R"("hello_timeout_ms":5000,"dedup_ttl_ms":1500,"cleanup_wait_ms":3000,"cleanup_lease_ms":30000,)"
                      R"("hook_timeout_ms":30000,"hooks":5,"waiting_hooks":6,"max_hooks":16,)"
                      R"("history_events":65536,"history_bytes":8388608,"history_age_ms":86400000}})") !=
            std::string::npos);
  CAF_CHECK(decodes_to(line, status_response{.limits = x}));
}

CAF_TEST(a word that is not known counts as unknown) {
  CAF_CHECK(decodes_to(R"({"type":"source_status","source":"s","state":"throttled"})",
                       source_status{"s", source_state::unknown, ""}));
  CAF_CHECK(decodes_to(R"({"type":"error","code":"brand_new","message":"m"})", error_frame{error_code::unknown, "m"}));
  CAF_CHECK(
      decodes_to(R"({"type":"hello_ack","rejected":true,"reject_code":"brand_new"})", hello_ack{.rejected = true}));
}

CAF_TEST(a short status_response of another bus is understood) {
  status_response expected{.pid = 1, .uptime_sec = 2, .active_conns = 1};
  expected.consumers = {{.pid = 3, .event_key = "k", .received = 4, .dropped = 5}};
  CAF_CHECK(decodes_to(R"({"type":"status_response","pid":1,"uptime_sec":2,"active_conns":1,)"
                       R"("consumers":[{"pid":3,"event_key":"k","received":4,"dropped":5}]})",
                       expected));
}

CAF_TEST(a hello without a version speaks v1) {
  CAF_CHECK(decodes_to(R"({"type":"hello","pid":1,"event_key":"k","event_types":["a"]})",
                       hello{.pid = 1, .event_key = "k", .event_types = {"a"}, .version = "v1"}));
}

CAF_TEST(null counts as absent) {
  CAF_CHECK(decodes_to(R"({"type":"hello","pid":1,"event_key":"k","event_types":null,"version":null})",
                       hello{.pid = 1, .event_key = "k"}));
  CAF_CHECK(decodes_to(R"({"type":"status_response","consumers":null,"counters":null})", status_response{}));
}

CAF_TEST(fields may come in any order and white space is ignored) {
  CAF_CHECK(decodes_to(" { \"reason\" : \"x\" ,\t\"type\" : \"bye\" } ", bye{"x"}));
}

CAF_TEST(keys and values are decoded) {
  CAF_CHECK(decodes_to(R"({"t\u0079pe":"b\u0079e","reason":"\ud83d\ude00\n\/"})", bye{"\xf0\x9f\x98\x80\n/"}));
}

CAF_TEST(of several fields with one name the last counts) {
  CAF_CHECK(decodes_to(R"({"type":"hello","type":"bye","reason":"a","reason":"b"})", bye{"b"}));
  CAF_CHECK(decodes_to(R"({"type":"hello","event_types":["a","b"],"event_types":["c"]})", hello{.event_types = {"c"}}));
  CAF_CHECK(decodes_to(R"({"type":"publish","type":"status_query"})", status_query{}));
}

CAF_TEST(unknown fields are ignored whatever they hold) {
  for (std::string value :
       {"1", "1e400", "123456789012345678901234567890", R"("\ud800")", R"({"type":"hello"})", "[[[{}]]]", "null"})
    CAF_CHECK(
        decodes_to(R"({"extra":)" + value + R"(,"type":"bye","\ud800":)" + value + R"(,"reason":"r"})", bye{"r"}));
}

CAF_TEST(an unknown type is no error but a frame of its own) {
  CAF_CHECK(decodes_to(R"({"type":"brand_new","pid":"not a number"})", unknown_line{"brand_new"}));
  CAF_CHECK(decodes_to(R"({"type":""})", unknown_line{""}));
  CAF_CHECK(decodes_to(R"({"type":"Hello"})", unknown_line{"Hello"}));
}

CAF_TEST(publish and event are known by their type alone) {
  for (std::string payload : {"1e400", R"("\ud800")", "{\"type\":\"bye\"}", "[01]", "tru"}) {
    CAF_CHECK(decodes_to(R"({"type":"publish","event_type":5,"payload":)" + payload + "}", publish_line{}));
    CAF_CHECK(decodes_to(R"({"payload":)" + payload + R"(,"type":"event"})", event_line{}));
  }
}

CAF_TEST(what is not one JSON value is refused) {
  for (std::string line :
       {"", "\n", "\r\n", " ", "hello", "{", "{\"type\":\"bye\"", "{\"type\":\"bye\"}}", "{\"type\":\"bye\"} {}",
        "{\"type\":\"bye\",}", "{\"type\":\"bye\",\"reason\":01}", "{\"type\":\"bye\",\"x\":NaN}",
        "{\"type\":\"bye\",\"reason\":\"\xff\"}", "{\"type\":\"bye\",\"x\":\"\t\"}"}) {
    CAF_MESSAGE(line);
    CAF_CHECK_EQUAL(error_of(line), "not_json");
  }
}

CAF_TEST(a value that is no object is refused) {
  for (auto line : {"5", "\"type\"", "[{\"type\":\"bye\"}]", "null", " true"})
    CAF_CHECK_EQUAL(error_of(line), "not_an_object");
}

CAF_TEST(a frame without a type is refused) {
  for (auto line : {"{}", R"({"pid":1})", R"({"type":5})", R"({"type":null})", R"({"type":["bye"]})",
                    R"({"x":{"type":"bye"}})", R"({"type":"bye","type":7})", R"({"type":"\ud800"})"})
    CAF_CHECK_EQUAL(error_of(line), "missing_type");
}

CAF_TEST(a known field of the wrong type is refused) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> wrong{
      {"hello",
       {R"("pid":"1")",
        R"("pid":1.0)",
        R"("pid":1e2)",
        R"("pid":true)",
        R"("pid":9223372036854775808)",
        R"("pid":-9223372036854775809)",
        R"("event_key":1)",
        R"("event_key":["k"])",
        R"("event_types":"a")",
        R"("event_types":{})",
        R"("event_types":["a",1])",
        R"("event_types":[null])",
        R"("event_types":[["a"]])",
        R"("version":1)",
        R"("subscription_id":false)",
        R"("capabilities":["x",{}])",
        R"("event_key":"\ud800")",
        R"("exclusive":1)",
        R"("hook_env":[])",
        R"("hook_env":{"A":1})",
        R"("hook_env":{"A":null})",
        R"("hook_dir":1)",
        R"("hook_umask":-1)",
        R"("hook_umask":4294967296)",
        R"("hook_umask":"022")"}},
      {"hello_ack", {R"("bus_version":1)", R"("first_for_key":"true")", R"("rejected":1)", R"("reject_reason":[])"}},
      {"bye", {R"("reason":1)"}},
      {"pre_shutdown_check", {R"("event_key":1)", R"("subscription_id":{})"}},
      {"pre_shutdown_ack", {R"("last_for_key":0)"}},
      {"shutdown", {R"("force":"yes")", R"("drain_ms":"1")"}},
      {"source_status", {R"("source":1)", R"("state":1)", R"("detail":1)"}},
      {"wait_for_room", {R"("wait_ms":-1)", R"("wait_ms":"1s")"}},
      {"publish_ack", {R"("accepted":-1)", R"("duplicates":1.5)", R"("rejected":18446744073709551616)"}},
      {"error", {R"("code":1)", R"("message":null,"message":2)"}},
      {"status_response",
       {R"("consumers":{})", R"("consumers":[1])", R"("consumers":[{"pid":"x"}])", R"("counters":[])",
        R"("counters":{"ingress":-1})", R"("sources":[{"source":1}])", R"("sources":[{"state":1}])",
        R"("limits":{"log_lines":4294967296})", R"("limits":{"idle_timeout_ms":-1})",
        R"("limits":{"idle_timeout_ms":9223372036855})", R"("unmatched_types":[{"count":"x"}])",
        R"("last_event_at":1)"}},
  };
  for (const auto& [type, fields] : wrong)
    for (const auto& field : fields) {
      CAF_MESSAGE(field);
      CAF_CHECK_EQUAL(error_of(R"({"type":")" + type + "\"," + field + "}"), "bad_field");
      CAF_CHECK_EQUAL(error_of("{" + field + R"(,"type":")" + type + "\"}"), "bad_field");
    }
}

CAF_TEST(integers are taken over their whole range) {
  constexpr auto least = std::numeric_limits<int64_t>::min();
  constexpr auto most = std::numeric_limits<int64_t>::max();
  CAF_CHECK(decodes_to(encode(hello{.pid = least}), hello{.pid = least}));
  CAF_CHECK(decodes_to(encode(hello{.pid = most}), hello{.pid = most}));
}

CAF_TEST(deep nesting costs neither stack nor error) {
  const size_t depth = 524'000;
  const auto nested = std::string(depth, '[') + std::string(depth, ']');
  CAF_CHECK_EQUAL(error_of(std::string(1'048'576, '[')), "not_json");
  CAF_CHECK_EQUAL(error_of(nested), "not_an_object");
  CAF_CHECK_EQUAL(error_of(R"({"type":"hello","event_types":)" + nested + "}"), "bad_field");
  CAF_CHECK_EQUAL(error_of(R"({"type":"hello","event_types":)" + std::string(depth, '[')), "not_json");
  CAF_CHECK(decodes_to(R"({"x":)" + nested + R"(,"type":"bye"})", bye{}));
  CAF_CHECK(decodes_to(R"({"type":"publish","payload":)" + nested + "}", publish_line{}));
}

CAF_TEST(text that is not UTF - 8 is replaced when it is written) {
  const auto line = encode(bye{"a\xff"
                               "b"});
  CAF_CHECK_EQUAL(line, "{\"type\":\"bye\",\"reason\":\"a\xef\xbf\xbd"
                        "b\"}\n");
  CAF_CHECK(decodes_to(encode(hello{.event_types = {"\xc3"}}), hello{.event_types = {"\xef\xbf\xbd"}}));
}

CAF_TEST(a line end in a text stays within the line) {
  const error_frame x{error_code::internal_error, "two\nlines \"quoted\" \x01"};
  const auto line = encode(x);
  CAF_CHECK_EQUAL(line.find('\n'), line.size() - 1);
  CAF_CHECK(decodes_to(line, x));
}
