#include "io/client/publish_lines.hpp"

#include "config/defaults.hpp"

#include <string>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

/// A line as a frame, with the room behind it that a parser wants.
std::string framed(publish_lines& lines, std::string line) {
  auto size = line.size();
  line.resize(size + 64);
  return std::string{lines.to_frame({line.data(), size})};
}

} // namespace

CAF_TEST(an event line becomes a publish frame with its bytes unchanged) {
  publish_lines lines{""};
  CAF_CHECK_EQUAL(framed(lines, R"( { "event_type":"t","payload":{"n": 1e400} })"),
                  R"({"type":"publish", "event_type":"t","payload":{"n": 1e400} })");
}

CAF_TEST(a line that is a publish frame already stays as it is) {
  publish_lines lines{""};
  std::string line = R"({"event_type":"t","payload":1, "type" : "publish"})";
  CAF_CHECK_EQUAL(framed(lines, line), line);
}

CAF_TEST(only a key at the top level counts as a type) {
  CAF_CHECK(has_type_key(R"({"type":"x"})"));
  CAF_CHECK(has_type_key(R"({"a":{"type":[1]},"b":"}","type" :1})"));
  CAF_CHECK(!has_type_key(R"({"payload":{"type":"x"}})"));
  CAF_CHECK(!has_type_key(R"({"a":["type"],"b":"type","c":"\"type\":1"})"));
  CAF_CHECK(!has_type_key(R"({"a":"type"})"));
}

CAF_TEST(a bare payload gets its type) {
  publish_lines lines{"a\"b"};
  CAF_CHECK_EQUAL(lines.type_error(), "");
  CAF_CHECK_EQUAL(framed(lines, "[1, 2]"), R"({"type":"publish","event_type":"a\"b","payload":[1, 2]})");
  CAF_CHECK_EQUAL(framed(lines, "[1"), "");
  CAF_CHECK_NOT_EQUAL(lines.error(), "");
}

CAF_TEST(a type that cannot be one is refused) {
  publish_lines not_utf8{"\xff"};
  CAF_CHECK_NOT_EQUAL(not_utf8.type_error(), "");
  publish_lines too_long{std::string(defaults::max_name_bytes + 1, 'x')};
  CAF_CHECK_NOT_EQUAL(too_long.type_error(), "");
}

CAF_TEST(a blank line is no fault and anything else that is no event is one) {
  publish_lines lines{""};
  CAF_CHECK_EQUAL(framed(lines, " \t\r"), "");
  CAF_CHECK_EQUAL(lines.error(), "");
  for (auto line : {"x", "[]", "{}", R"({"event_type":"t"})", R"({"type":"hello","event_type":"t","payload":1})"}) {
    CAF_CHECK_EQUAL(framed(lines, line), "");
    CAF_CHECK_NOT_EQUAL(lines.error(), "");
  }
}

CAF_TEST(a frame that would be too long for the wire is refused here) {
  publish_lines lines{""};
  auto line = R"({"event_type":"t","payload":1)" + std::string(defaults::max_frame_bytes - 40, ' ') + '}';
  CAF_CHECK_EQUAL(framed(lines, line), "");
  CAF_CHECK(lines.error().find("1048576") != std::string::npos);
}

CAF_TEST(a line of text becomes a JSON string) {
  publish_lines lines{"t", line_content::text};
  auto payload = [&lines](std::string line) {
    auto frame = framed(lines, std::move(line));
    constexpr std::string_view head = R"({"type":"publish","event_type":"t","payload":)";
    return frame.starts_with(head) ? frame.substr(head.size(), frame.size() - head.size() - 1) : "FAILED";
  };
  CAF_CHECK_EQUAL(payload("say \"a\\b\"\t\x1b"), R"("say \"a\\b\"\t\u001b")");
  CAF_CHECK_EQUAL(payload("{\"n\": 1}"), R"("{\"n\": 1}")");
  CAF_CHECK_EQUAL(payload("\xc3\xa9"), "\"\xc3\xa9\"");
  CAF_CHECK_EQUAL(payload(""), R"("")");
  CAF_CHECK_EQUAL(payload("  "), R"("  ")");
  CAF_CHECK_EQUAL(payload("dos\r"), R"("dos")");
  CAF_CHECK_EQUAL(payload(std::string(1, '\0')), R"("\u0000")");
}

CAF_TEST(text that is not UTF - 8 or too long is refused) {
  publish_lines lines{"t", line_content::text};
  CAF_CHECK_EQUAL(framed(lines, "caf\xe9"), "");
  CAF_CHECK_EQUAL(lines.error(),
                  "it is not UTF-8: byte 4 is 0xe9; if it is Latin-1, convert it: iconv -f LATIN1 -t UTF-8");
  CAF_CHECK_NOT_EQUAL(framed(lines, std::string(defaults::max_payload_bytes - 2, 'x')), "");
  CAF_CHECK_EQUAL(framed(lines, std::string(defaults::max_payload_bytes - 1, 'x')), "");
  CAF_CHECK_EQUAL(lines.error(), "payload_too_large");
  CAF_CHECK_EQUAL(framed(lines, std::string(defaults::max_payload_bytes / 2, '"')), "");
}
