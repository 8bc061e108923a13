#include "messages/type_pattern.hpp"

#include <string>

#include <caf/test/dsl.hpp>

using namespace cafbus;

namespace {

std::string complaint(std::string_view pattern) {
  auto checked = check_pattern(pattern);
  return checked ? "" : checked.error().text;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

CAF_TEST(a star is one token) {
  CAF_CHECK(matches("github.*.opened", "github.issues.opened"));
  CAF_CHECK(!matches("github.*.opened", "github.opened"));
  CAF_CHECK(!matches("github.*.opened", "github.issues.labels.opened"));
  CAF_CHECK(!matches("github.*.opened", "github.issues.closed"));
  CAF_CHECK(matches("*", "push"));
  CAF_CHECK(!matches("*", "github.push"));
  CAF_CHECK(matches("*.*", ".")); // two empty tokens
}

CAF_TEST(a greater sign is one token or more) {
  CAF_CHECK(matches("github.>", "github.push"));
  CAF_CHECK(matches("github.>", "github.issues.opened"));
  CAF_CHECK(!matches("github.>", "github"));
  CAF_CHECK(!matches("github.>", "gitlab.push"));
  CAF_CHECK(matches(">", "push"));
  CAF_CHECK(matches("*.>", "a.b"));
  CAF_CHECK(!matches("*.>", "a"));
}

CAF_TEST(a type that holds such signs is matched like any other) {
  CAF_CHECK(matches("a.*", "a.*"));
  CAF_CHECK(matches("a.*", "a.>"));
  CAF_CHECK(matches(">", ">"));
  CAF_CHECK(!matches("b.*", "a.*"));
}

CAF_TEST(a name has a wildcard if a whole token is one) {
  CAF_CHECK(has_wildcard("a.*"));
  CAF_CHECK(has_wildcard("*.a"));
  CAF_CHECK(has_wildcard(">"));
  CAF_CHECK(!has_wildcard("a.b"));
  CAF_CHECK(!has_wildcard("a*.b"));
  CAF_CHECK(!has_wildcard(">.a"));
  CAF_CHECK(!has_wildcard(""));
}

CAF_TEST(what cannot be a pattern is refused with the way out) {
  CAF_CHECK_EQUAL(complaint("github.*.opened"), "");
  CAF_CHECK_EQUAL(complaint("*.>"), "");
  CAF_CHECK(contains(complaint("a.>.b"), "must be the last one"));
  CAF_CHECK(contains(complaint("git*"), "whole tokens"));
  CAF_CHECK(contains(complaint("git.*b"), "'git.*b'"));
  CAF_CHECK(contains(complaint("a.b"), "has no '*'"));
}

CAF_TEST(ten thousand stars are matched in one pass) {
  std::string stars = "*", type = "t";
  for (int i = 0; i < 10'000; ++i) {
    stars += ".*";
    type += ".t";
  }
  CAF_CHECK(matches(stars, type));
  CAF_CHECK(!matches(stars, type + ".t"));
}

CAF_TEST(a list of types is cut at its commas) {
  auto types = split_type_list("a,b c,d.>");
  CAF_REQUIRE(types);
  CAF_CHECK(*types == (std::vector<std::string>{"a", "b c", "d.>"}));
}

CAF_TEST(a list with an empty type or a blank around a comma is refused) {
  for (const auto* list : {"", ",", "a,", ",a", "a,,b"})
    CAF_CHECK(!split_type_list(list) && contains(split_type_list(list).error().text, "is empty; write A,B"));
  for (const auto* list : {"a, b", "a ,b", " a", "a ", "a, "})
    CAF_CHECK(!split_type_list(list) && contains(split_type_list(list).error().text, "with a blank; write A,B"));
}
