#include "gateway/github.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus::http;

namespace {

/// The example of GitHub's documentation.
constexpr const char* secret = "It's a Secret to Everybody";
constexpr const char* body = "Hello, World!";
constexpr const char* signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

std::string type_of(std::string_view event, std::string_view text) {
  auto x = to_event(event, "", text);
  return x ? x->type : "refused";
}

} // namespace

CAF_TEST(the documented signature is right) {
  CAF_CHECK(is_signed(body, signature, secret));
}

CAF_TEST(any other signature is wrong) {
  std::string text{signature};
  for (const auto& other : {std::string{}, text.substr(7), text + '0', text.substr(0, text.size() - 1),
                            "sha1=" + text.substr(7), "SHA256=" + text.substr(7), text.substr(0, 70) + '8'})
    CAF_CHECK(!is_signed(body, other, secret));
  CAF_CHECK(!is_signed("Hello, World?", signature, secret));
  CAF_CHECK(!is_signed(body, signature, "another secret"));
}

CAF_TEST(the type is of the event and its action) {
  CAF_CHECK_EQUAL(type_of("issues", R"({"action":"opened"})"), "github.issues.opened");
  CAF_CHECK_EQUAL(type_of("push", R"({"ref":"x"})"), "github.push");
  CAF_CHECK_EQUAL(type_of("push", R"({"action":7})"), "github.push");
  CAF_CHECK_EQUAL(type_of("push", R"({"action":"a.b"})"), "github.push");
  CAF_CHECK_EQUAL(type_of("push", R"({"x":{"action":"no"}})"), "github.push");
}

CAF_TEST(what is no webhook is refused) {
  for (auto event : {"", "a.b", "a b", "*", ">", "\xc3\xa9"})
    CAF_CHECK_EQUAL(type_of(event, "{}"), "refused");
  for (auto text : {"", "[]", "1", "{", "payload=%7B%7D", "{}{}", "{\"a\":\"\xff\"}"})
    CAF_CHECK_EQUAL(type_of("push", text), "refused");
  CAF_CHECK(!to_event("push", "a \"b\"", "{}"));
}

CAF_TEST(a form is refused with what to choose at github) {
  auto x = to_event("push", "", "payload=%7B%7D");
  CAF_REQUIRE(!x);
  CAF_CHECK(x.error().text.find("choose the content type application/json") != std::string::npos);
}

CAF_TEST(a body cannot speak beside its payload) {
  CAF_CHECK_EQUAL(type_of("push", R"({},"event_type":"other","x":{})"), "refused");
}

CAF_TEST(the line has the delivery as its id and the payload as it came) {
  auto x = to_event("issues", "72d3162e-cc78", "{\"action\":\"opened\",\r\n \"n\":1.10,\"s\":\"a\\nb\"}");
  CAF_REQUIRE(x);
  CAF_CHECK_EQUAL(x->line, R"({"event_type":"github.issues.opened","event_id":"72d3162e-cc78",)"
                           R"("payload":{"action":"opened",   "n":1.10,"s":"a\nb"}})");
}
