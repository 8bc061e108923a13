#include "base/shell_word.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;

CAF_TEST(a word that no shell changes stays as it is) {
  for (const auto* text : {"github.issues.opened", "/run/user/0/cafbus", "a-b_c:1,2=@%+"})
    CAF_CHECK_EQUAL(shell_word(text), text);
}

CAF_TEST(any other word is quoted) {
  CAF_CHECK_EQUAL(shell_word(""), "''");
  CAF_CHECK_EQUAL(shell_word("a b"), "'a b'");
  CAF_CHECK_EQUAL(shell_word("Bob's"), R"('Bob'\''s')");
  for (const std::string text : {"a.>", "a.*", "~/x", "$HOME", "a;b", "a&b", "a\\b", "a\nb", "#a", "\xc3\xa4"})
    CAF_CHECK_EQUAL(shell_word(text), '\'' + text + '\'');
}
