#include "cli/cells.hpp"

#include <caf/test/unit_test.hpp>

#include <clocale>

using namespace cafbus;

namespace {

/// Widths are those of a locale with UTF-8, which tests need not run in.
struct fixture {
  fixture() { std::setlocale(LC_CTYPE, "C.UTF-8"); }
  ~fixture() { std::setlocale(LC_CTYPE, "C"); }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(cells_tests, fixture)

CAF_TEST(wide letters take two cells and accents none) {
  CAF_CHECK_EQUAL(cells_of("abc"), 3u);
  CAF_CHECK_EQUAL(cells_of("日本"), 4u);
  CAF_CHECK_EQUAL(cells_of("🚀"), 2u);
  CAF_CHECK_EQUAL(cells_of("e\u0301"), 1u);
}

CAF_TEST(text is filled up to its cells) {
  CAF_CHECK_EQUAL(fitted("ab", 4), "ab  ");
  CAF_CHECK_EQUAL(fitted("ab", 4, alignment::right), "  ab");
  CAF_CHECK_EQUAL(fitted("日", 3), "日 ");
  CAF_CHECK_EQUAL(fitted("", 2), "  ");
}

CAF_TEST(text that is too long is cut with an ellipsis and never within a letter) {
  CAF_CHECK_EQUAL(fitted("abcdef", 4), "abc…");
  CAF_CHECK_EQUAL(fitted("日本語", 4), "日… ");
  CAF_CHECK_EQUAL(fitted("日本語", 5), "日本…");
  CAF_CHECK_EQUAL(fitted("abc", 0), "");
  CAF_CHECK_EQUAL(fitted("abc", 1), "…");
  for (size_t width = 0; width < 12; ++width)
    CAF_CHECK_EQUAL(cells_of(fitted("a日e\u0301🚀b本c", width)), width);
}

CAF_TEST(what a terminal would obey is escaped) {
  CAF_CHECK_EQUAL(shown("a\033[2J\n").find('\033'), std::string::npos);
  CAF_CHECK_EQUAL(shown("a\u202eb").find("\u202e"), std::string::npos);
  CAF_CHECK_EQUAL(cells_of(shown("❤\ufe0f")), 1u); // without the selector, on which terminals disagree
}

CAF_TEST(long text is broken at blanks where there are any) {
  using lines = std::vector<std::string>;
  CAF_CHECK_EQUAL(wrapped("one two three", 8), (lines{"one two", "three"}));
  CAF_CHECK_EQUAL(wrapped("abcdefgh", 3), (lines{"abc", "def", "gh"}));
  CAF_CHECK_EQUAL(wrapped("日本語", 4), (lines{"日本", "語"}));
  CAF_CHECK_EQUAL(wrapped("", 4), lines{""});
}

CAF_TEST(numbers take six characters at most) {
  for (const auto& [x, text] : std::vector<std::pair<double, std::string>>{{0, "0"},
                                                                           {0.5, "0.5"},
                                                                           {7, "7"},
                                                                           {9.96, "10"},
                                                                           {42.4, "42"},
                                                                           {99'999, "99999"},
                                                                           {123'456, "123k"},
                                                                           {4'500'000, "4.5M"},
                                                                           {999'999, "1.0M"},
                                                                           {2e12, "2e+12"}})
    CAF_CHECK_EQUAL(short_number(x), text);
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(without a locale for them letters are replaced) {
  CAF_CHECK_EQUAL(fitted("日本", 4), "??  ");
  CAF_CHECK_EQUAL(fitted("abcdef", 4), "abc>");
}
