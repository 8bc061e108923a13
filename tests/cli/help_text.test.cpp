#include "cli/help_text.hpp"

#include <string>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

CAF_TEST(a text is broken at blanks) {
  CAF_CHECK_EQUAL(wrapped("one two three", 7, 0), "one two\nthree");
  CAF_CHECK_EQUAL(wrapped("one two three", 7, 2), "one two\n  three");
  CAF_CHECK_EQUAL(wrapped("one two three", 80, 2), "one two three");
}

CAF_TEST(a word that is too long stands alone) {
  CAF_CHECK_EQUAL(wrapped("a verylongword b", 5, 0), "a\nverylongword\nb");
}

CAF_TEST(several blanks are one) {
  CAF_CHECK_EQUAL(wrapped("  a   b ", 80, 0), "a b");
  CAF_CHECK_EQUAL(wrapped("", 80, 4), "");
}
