#include "base/metrics_page.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;

CAF_TEST(a family has its help and type in front of its samples) {
  metrics_page page;
  page.family("x_total", "counter", "Xs.");
  page.sample("shop", 3);
  page.sample("shop", 4, {{"kind", "a"}, {"size", "b"}});
  CAF_CHECK_EQUAL(page.end({}), "# HELP x_total Xs.\n"
                                "# TYPE x_total counter\n"
                                "x_total{app=\"shop\"} 3\n"
                                "x_total{app=\"shop\",kind=\"a\",size=\"b\"} 4\n"
                                "# HELP cafbus_series_omitted Series left out, by metric: each has at most 100 per "
                                "app, or 100 sources.\n"
                                "# TYPE cafbus_series_omitted gauge\n");
}

CAF_TEST(a label cannot end its quotes or its line) {
  CAF_CHECK_EQUAL(escaped_label("a\"b\\c\nd"), R"(a\"b\\c\nd)");
  CAF_CHECK_EQUAL(escaped_label("\u65e5\t"), "\u65e5\t");
}

CAF_TEST(bytes that are no text are replaced) {
  CAF_CHECK_EQUAL(escaped_label("a\xff\"b"), "a\xef\xbf\xbd\\\"b");
}

CAF_TEST(series beyond the limit of an app are counted instead) {
  metrics_page page;
  page.family("x", "gauge", "Xs.");
  for (size_t i = 0; i < max_series + 50; ++i)
    page.sample("full", i, {{"n", std::to_string(i)}});
  page.sample("other", 7);
  auto text = page.end({"full", "other"});
  CAF_CHECK(text.find("x{app=\"full\",n=\"99\"} 99\n") != std::string::npos);
  CAF_CHECK(text.find("n=\"100\"") == std::string::npos);
  CAF_CHECK(text.find("x{app=\"other\"} 7\n") != std::string::npos);
  CAF_CHECK(text.ends_with("cafbus_series_omitted{app=\"other\"} 0\n"
                           "cafbus_series_omitted{app=\"full\",metric=\"x\"} 50\n"));
}

CAF_TEST(things with several samples are limited as things) {
  metrics_page page;
  page.family("x", "gauge", "Xs.");
  for (size_t i = 0; i < 2 * max_series + 1; ++i)
    page.sample("a", i, {{"n", std::to_string(i)}}, 2);
  CAF_CHECK(page.end({"a"}).ends_with("\ncafbus_series_omitted{app=\"a\",metric=\"x\"} 1\n"));
}
