#include "messages/filter_text.hpp"

#include <caf/test/dsl.hpp>

using namespace cafbus;

namespace {

event_filter parsed(std::string_view text) {
  auto result = parse_filter(text);
  if (!result)
    CAF_FAIL(result.error().text);
  return *result;
}

std::string complaint(std::string_view text) {
  auto result = parse_filter(text);
  return result ? "" : result.error().text;
}

std::string pointer_of(std::string_view text) {
  return parsed(text)[0].pointer;
}

filter_condition with_value(std::string pointer, std::string op, filter_scalar x) {
  return {std::move(pointer), std::move(op), filter_value{std::move(x)}};
}

} // namespace

CAF_TEST(a condition is a pointer and an operator and a value) {
  using std::string;
  CAF_CHECK(parsed(R"(/action == "opened")") == event_filter{with_value("/action", "==", string{"opened"})});
  CAF_CHECK(parsed(R"(  /a/0/b   !=   null  )") == event_filter{with_value("/a/0/b", "!=", std::monostate{})});
  CAF_CHECK(parsed("/n < -3") == event_filter{with_value("/n", "<", int64_t{-3})});
  CAF_CHECK(parsed("/n > 2.5") == event_filter{with_value("/n", ">", 2.5)});
  CAF_CHECK(parsed("/n exists") == (event_filter{{"/n", "exists", {}}}));
}

CAF_TEST(a list goes with in) {
  const auto filter = parsed(R"(/state in ["open", "a ] b", 3])");
  const auto* list = std::get_if<std::vector<filter_scalar>>(&*filter[0].value);
  CAF_REQUIRE(list != nullptr);
  CAF_CHECK_EQUAL(list->size(), 3u);
  CAF_CHECK((*list)[1] == filter_scalar{std::string{"a ] b"}});
}

CAF_TEST(conditions are joined by and) {
  const auto filter = parsed(R"(/a == "x and y" and /b exists and /and in [1])");
  CAF_REQUIRE_EQUAL(filter.size(), 3u);
  CAF_CHECK_EQUAL(filter[2].pointer, "/and");
}

CAF_TEST(a pointer with blanks or to the whole payload stands in quotes) {
  CAF_CHECK_EQUAL(pointer_of(R"("/a b" exists)"), "/a b");
  CAF_CHECK_EQUAL(pointer_of(R"("" == 3)"), "");
  CAF_CHECK_EQUAL(pointer_of(R"("/\u0061\"" == 3)"), "/a\"");
}

CAF_TEST(a filter that is written is read as the same) {
  for (const auto* text :
       {R"(/action == "opened")", R"(/a in [1, "\"", null, true, -7] and /b exists and "/x y" != 0.5)",
        R"("" > 18446744073709551615)", R"(/a == 1.0)", R"(/a < 1e+300)"}) {
    CAF_CHECK_EQUAL(to_text(parsed(text)), text);
    CAF_CHECK(parsed(to_text(parsed(text))) == parsed(text));
  }
}

CAF_TEST(an error says where it is and what would be right) {
  CAF_CHECK_EQUAL(complaint(R"(/action = "opened")"), R"(at character 9, '= "opened"': equality is '==')");
  CAF_CHECK_EQUAL(complaint("/action"), "at its end: an operator is missing: == != < > in exists");
  CAF_CHECK_EQUAL(complaint("/action =="), "at its end: a value is missing after '=='");
  CAF_CHECK_EQUAL(complaint("/action == 'opened'"),
                  "at character 12, ''opened'': strings stand in double quotes, as in JSON");
  CAF_CHECK_EQUAL(complaint("/action == opened"),
                  "at character 12, 'opened': a value is JSON: a string in double quotes, a number, true, false, null, "
                  "or a list with 'in'");
  CAF_CHECK_EQUAL(complaint("/a == NaN").substr(0, 24), "at character 7, 'NaN': a");
  CAF_CHECK_EQUAL(complaint(".action == 1"),
                  "at character 1, '.action == 1': a pointer begins with '/': for .issue.title write /issue/title");
  CAF_CHECK_EQUAL(complaint("action == 1"),
                  "at character 1, 'action == 1': a pointer to a member of the payload is expected, such as /action");
  CAF_CHECK_EQUAL(complaint("/a==1"), "at character 1, '/a==1': a blank must stand before and after an operator");
  CAF_CHECK_EQUAL(complaint("/a >= 1"), "at character 4, '>= 1': there is no '>=': use '<' or '>' with the next value");
  CAF_CHECK_EQUAL(complaint("/a == 1 or /b == 2"),
                  "at character 9, 'or /b == 2': there is no 'or': use 'in' for several "
                  "values of a member, or --jq");
  CAF_CHECK_EQUAL(complaint("/a == 1 && /b == 2"), "at character 9, '&& /b == 2': write 'and' between conditions");
  CAF_CHECK_EQUAL(complaint("/a == 1 /b == 2"), "at character 9, '/b == 2': 'and' must stand between conditions");
  CAF_CHECK_EQUAL(complaint("/a == 1 and"), "at its end: a condition is missing, such as /action == \"opened\"");
  CAF_CHECK_EQUAL(complaint(""), "at its end: a condition is missing, such as /action == \"opened\"");
  CAF_CHECK_EQUAL(
      complaint("/a in [1"),
      "at character 7, '[1': this is no JSON; strings stand in double quotes, lists in brackets with commas");
  CAF_CHECK_EQUAL(complaint("/~2 exists"), "at character 1, '/~2 exists': the pointer '/~2' has a '~' without 0 or 1 "
                                           "behind it: write ~0 for '~', and ~1 for '/'");
  CAF_CHECK_EQUAL(complaint("/a < true"),
                  "at character 1, '/a < true': '<' compares with a number or a string; true, false and null have no "
                  "order");
}

CAF_TEST(a place is counted in characters) {
  CAF_CHECK_EQUAL(complaint("/\xc3\xa4\xc3\xa4 = 1"), "at character 5, '= 1': equality is '=='");
}

CAF_TEST(a filter of another encoding or beyond its limits is refused) {
  CAF_CHECK_EQUAL(complaint("/\xe4 exists"), "the filter is not UTF-8");
  std::string many = "/a exists";
  for (int i = 0; i < 16; ++i)
    many += " and /a exists";
  CAF_CHECK_NOT_EQUAL(complaint(many).find("at most 16 conditions"), std::string::npos);
  CAF_CHECK_NOT_EQUAL(complaint('/' + std::string(1 << 20, 'a') + " exists").find("at most 65536"), std::string::npos);
}
