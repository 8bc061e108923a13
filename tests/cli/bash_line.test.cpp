#include "cli/bash_line.hpp"

#include <string>
#include <vector>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

using words = std::vector<std::string>;

constexpr const char* breaks = " \t\n\"'><=;|&(:";

bash_line read(const std::string& text) {
  return read_bash_line(text, breaks);
}

} // namespace

CAF_TEST(words are read as bash reads them) {
  CAF_CHECK_EQUAL(read("cafbus  consume a").words, (words{"cafbus", "consume", "a"}));
  CAF_CHECK_EQUAL(read("cafbus consume ").words, (words{"cafbus", "consume", ""}));
  CAF_CHECK_EQUAL(read("cafbus 'a b' \"c \\\" d\" e\\ f ''").words, (words{"cafbus", "a b", "c \" d", "e f", ""}));
  CAF_CHECK_EQUAL(read("cafbus \"a\\b\"").words, (words{"cafbus", "a\\b"}));
  CAF_CHECK_EQUAL(read("cafbus '' ").words, (words{"cafbus", "", ""}));
  CAF_CHECK_EQUAL(read("cafbus a\\").words, (words{"cafbus", "a\\"}));
  CAF_CHECK_EQUAL(read("").words, (words{""}));
}

CAF_TEST(an open quote is no part of the word) {
  auto line = read("cafbus consume \"a b");
  CAF_CHECK_EQUAL(line.words.back(), "a b");
  CAF_CHECK_EQUAL(line.quote, '"');
  CAF_CHECK_EQUAL(line.kept, 0u);
  line = read("cafbus consume --types='a");
  CAF_CHECK_EQUAL(line.words.back(), "--types=a");
  CAF_CHECK_EQUAL(line.quote, '\'');
  CAF_CHECK_EQUAL(line.kept, 8u);
  CAF_CHECK_EQUAL(read("cafbus 'a'").quote, '\0');
}

CAF_TEST(bash keeps what stands before its last break) {
  CAF_CHECK_EQUAL(read("cafbus --types=a:b").kept, 10u);
  CAF_CHECK_EQUAL(read("cafbus a:").kept, 2u);
  CAF_CHECK_EQUAL(read("cafbus a\\:b").kept, 0u);
  CAF_CHECK_EQUAL(read("cafbus a: b").kept, 0u);
  CAF_CHECK_EQUAL(read_bash_line("cafbus a:b", " \t\n").kept, 0u);
}

CAF_TEST(redirections are no words) {
  CAF_CHECK_EQUAL(read("cafbus consume k 3>ready --ty").words, (words{"cafbus", "consume", "k", "--ty"}));
  CAF_CHECK_EQUAL(read("cafbus consume k >> out 2>&1 ").words, (words{"cafbus", "consume", "k", ""}));
  CAF_CHECK_EQUAL(read("cafbus publish k<in ").words, (words{"cafbus", "publish", "k", ""}));
  CAF_CHECK(read("cafbus publish < e").redirected);
  CAF_CHECK(read("cafbus publish >").redirected);
  CAF_CHECK(!read("cafbus publish < e ").redirected);
}

CAF_TEST(what is inserted is quoted as the word is) {
  CAF_CHECK_EQUAL(quoted_for(read("cafbus consume "), "a b$(x)'\"*"), "a\\ b\\$\\(x\\)\\'\\\"\\*");
  CAF_CHECK_EQUAL(quoted_for(read("cafbus consume \""), "a b$(x)'\"*"), "a b\\$(x)'\\\"*");
  CAF_CHECK_EQUAL(quoted_for(read("cafbus consume '"), "a b$(x)'\"*"), "a b$(x)'\\''\"*");
  CAF_CHECK_EQUAL(quoted_for(read("cafbus consume "), "h\xc3\xa9.x:y"), "h\xc3\xa9.x:y");
}

CAF_TEST(a quote at the end does not end the quotes) {
  CAF_CHECK_EQUAL(quoted_for(read("cafbus consume \""), "\"a\""), R"(\"a\"")");
  CAF_CHECK_EQUAL(quoted_for(read("cafbus consume '"), "a'"), R"(a'\'')"
                                                              "'");
  CAF_CHECK_EQUAL(quoted_for(read("cafbus consume "), "a\""), R"(a\")");
}

CAF_TEST(only what bash replaces is inserted) {
  CAF_CHECK_EQUAL(quoted_for(read("cafbus consume a:"), "a:b c"), "b\\ c");
  CAF_CHECK_EQUAL(quoted_for(read("cafbus consume --types=x"), "--types=xy"), "xy");
  CAF_CHECK_EQUAL(quoted_for(read("cafbus consume a:"), "a:"), "");
}

CAF_TEST(history is not asked for) {
  CAF_CHECK_EQUAL(quoted_for(read("cafbus consume \""), "a!b"), "");
  CAF_CHECK_EQUAL(quoted_for(read("cafbus consume "), "a!b"), "a\\!b");
}
