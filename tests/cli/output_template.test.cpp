#include "cli/output_template.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::string_view_literals;

namespace {

template_fields an_event() {
  return {"github.push", "d-1", "github.>", "1700000000", 7, R"({"n": 1.10})"};
}

std::string rendered(std::string_view text, const template_fields& fields = an_event()) {
  std::string out;
  if (auto parsed = output_template::parse(text))
    parsed->append_to(out, fields);
  else
    out = "FAILED: " + parsed.error().text;
  return out;
}

std::string why_not(std::string_view text) {
  auto parsed = output_template::parse(text);
  return parsed ? "" : parsed.error().text;
}

} // namespace

CAF_TEST(each directive stands for one thing of the event) {
  CAF_CHECK_EQUAL(rendered("%t|%i|%p|%n|%s|%k"), R"(github.push|d-1|{"n": 1.10}|7|1700000000|github.>)");
}

CAF_TEST(text between directives is kept) {
  CAF_CHECK_EQUAL(rendered("<%t>: 100%% of \xc3\xa9 %p."), "<github.push>: 100% of \xc3\xa9 {\"n\": 1.10}.");
  CAF_CHECK_EQUAL(rendered(""), "");
}

CAF_TEST(escapes are those of C) {
  CAF_CHECK_EQUAL(rendered(R"(%n\t%n\n\r\\\0x)"), "7\t7\n\r\\\0x"sv);
}

CAF_TEST(an unknown directive or escape is refused with the list) {
  for (const auto* text : {"%x", "%", "a %T", "%-5t", R"(\x41)", R"(\)", "%\n"}) {
    CAF_CHECK(why_not(text).find("%t type, %i id, %p payload") != std::string::npos);
    CAF_CHECK(why_not(text).find('\n') == std::string::npos);
  }
  CAF_CHECK(why_not("%x").starts_with("it has no %x; there are %t type"));
  CAF_CHECK(why_not("100%").starts_with("it ends within %; there are"));
}

CAF_TEST(names cannot end a line or play tricks on a terminal and payloads are as they came) {
  auto event = an_event();
  event.type = "a\nb\x1b[2J\x7f";
  event.id = "\0\\"sv;
  event.payload = "raw\ttext";
  CAF_CHECK_EQUAL(rendered("%t %i %p", event), R"(a\u000ab\u001b[2J\u007f \u0000\ raw)"
                                               "\ttext");
}

CAF_TEST(only a template that names the source time asks for it) {
  CAF_CHECK(output_template::parse("%t%s")->names_source_time());
  CAF_CHECK(!output_template::parse("%ts%%s")->names_source_time());
}
