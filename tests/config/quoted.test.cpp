#include "config/quoted.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;

CAF_TEST(printable text is put in quotes as it is) {
  CAF_CHECK_EQUAL(log::quoted("im.message 1"), R"("im.message 1")");
  CAF_CHECK_EQUAL(log::quoted(""), R"("")");
}

CAF_TEST(quotes and backslashes are escaped so that no text ends its own quotes) {
  CAF_CHECK_EQUAL(log::quoted(R"(a" level=error b\)"), R"("a\" level=error b\\")");
}

CAF_TEST(no text begins a new line or paints a terminal) {
  CAF_CHECK_EQUAL(log::quoted("a\n\r\t\x1b[31m\x7f"), R"("a\n\r\t\x1b[31m\x7f")");
  CAF_CHECK_EQUAL(log::quoted(std::string_view{"\0z", 2}), R"("\x00z")");
}

CAF_TEST(bytes beyond ASCII are shown as numbers) {
  CAF_CHECK_EQUAL(log::quoted("\xc3\xa9"), R"("\xc3\xa9")");
}

CAF_TEST(long text is cut and shows that it was) {
  CAF_CHECK_EQUAL(log::quoted("abcdef", 3), R"("abc"...)");
  CAF_CHECK_EQUAL(log::quoted("abc", 3), R"("abc")");
  CAF_CHECK_EQUAL(log::quoted(std::string(1'000, 'x')).size(), 128 + 5u);
}
