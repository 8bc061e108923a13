#include "cli/command_line.hpp"

#include <string>
#include <vector>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

using words = std::vector<std::string>;

words split(std::string_view text) {
  auto result = split_command(text);
  if (!result)
    CAF_FAIL("refused: " << result.error().text);
  return *result;
}

std::string refusal(std::string_view text) {
  auto result = split_command(text);
  if (result)
    CAF_FAIL("taken: " << std::string{text});
  return result.error().text;
}

bool names(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace

CAF_TEST(blanks separate words and do not make any) {
  CAF_CHECK_EQUAL(split("a"), (words{"a"}));
  CAF_CHECK_EQUAL(split("  a \t b\nc\r\n"), (words{"a", "b", "c"}));
}

CAF_TEST(single quotes keep everything) {
  CAF_CHECK_EQUAL(split(R"(sh -c 'x "y" \ $z')"), (words{"sh", "-c", R"(x "y" \ $z)"}));
}

CAF_TEST(double quotes keep everything but two escapes) {
  CAF_CHECK_EQUAL(split(R"(a "b 'c' \"d\" \\ \n")"), (words{"a", R"(b 'c' "d" \ \n)"}));
}

CAF_TEST(a backslash makes the next character stand for itself) {
  CAF_CHECK_EQUAL(split(R"(a\ b \"c \\ \')"), (words{"a b", "\"c", "\\", "'"}));
}

CAF_TEST(parts that touch are one word) {
  CAF_CHECK_EQUAL(split(R"(a'b c'"d e"f)"), (words{"ab cd ef"}));
}

CAF_TEST(empty quotes are a word) {
  CAF_CHECK_EQUAL(split(R"(a '' "")"), (words{"a", "", ""}));
}

CAF_TEST(what a shell would act on stands for itself) {
  CAF_CHECK_EQUAL(split("a $HOME *.txt | b > c ; d & #e ~"),
                  (words{"a", "$HOME", "*.txt", "|", "b", ">", "c", ";", "d", "&", "#e", "~"}));
}

CAF_TEST(a quote that is not closed is named with its place) {
  CAF_CHECK(names(refusal("ab 'c d"), "' at character 4"));
  CAF_CHECK(names(refusal("\""), "\" at character 1"));
  CAF_CHECK(names(refusal(R"(a "b\")"), "\" at character 3"));
}

CAF_TEST(a backslash at the end is refused) {
  CAF_CHECK(names(refusal("a\\"), "backslash"));
}

CAF_TEST(a command needs a program) {
  CAF_CHECK(names(refusal(""), "empty"));
  CAF_CHECK(names(refusal(" \t"), "empty"));
  CAF_CHECK(names(refusal("'' a"), "name is empty"));
  CAF_CHECK(names(refusal(std::string_view{"a\0b", 3}), "NUL"));
}
