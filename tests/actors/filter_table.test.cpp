#include "actors/filter_table.hpp"

#include "actors/compiled_filter.hpp"
#include "messages/filter_text.hpp"
#include "support/batches.hpp"

#include <caf/test/dsl.hpp>

using namespace cafbus;

namespace {

compiled_filter_ptr compiled(const std::string& text) {
  return std::make_shared<const compiled_filter>(*parse_filter(text));
}

using spans = std::vector<event_span>;

bool same(const spans& x, const spans& y) {
  return x == y;
}

} // namespace

CAF_TEST(a filter has one id however many use it) {
  filter_table testee;
  CAF_CHECK(testee.empty());
  auto filter = compiled("/n exists");
  const auto id = testee.add(filter);
  CAF_CHECK_EQUAL(testee.add(filter), id);
  CAF_CHECK_NOT_EQUAL(testee.add(compiled("/n exists")), id);
  testee.remove(id);
  CAF_CHECK_EQUAL(testee.add(filter), id);
}

CAF_TEST(a filter is let go with its last user and its place is taken again) {
  filter_table testee;
  auto filter = compiled("/n exists");
  const auto id = testee.add(filter);
  testee.add(filter);
  testee.remove(id);
  CAF_CHECK(!testee.empty());
  testee.remove(id);
  CAF_CHECK(testee.empty());
  CAF_CHECK_EQUAL(filter.use_count(), 1);
  CAF_CHECK_EQUAL(testee.add(compiled("/m exists")), id);
}

CAF_TEST(a filter is asked for once until it has judged) {
  filter_table testee;
  const auto id = testee.add(compiled("/n exists"));
  CAF_CHECK(testee.ask_for(id));
  CAF_CHECK(!testee.ask_for(id));
  testee.judge(*numbered_batch(1), {0, 1}, std::vector{id});
  CAF_CHECK(testee.ask_for(id));
}

CAF_TEST(what a filter wants is spans and what it cannot judge is told apart) {
  filter_table testee;
  const auto batch = make_batch({{"t", "", R"({"n":1})"},
                                 {"t", "", R"({"n":1})"},
                                 {"t", "", R"({"n":2})"},
                                 {"t", "", R"({"m":1})"},
                                 {"t", "", R"({"n":1})"},
                                 {"t", "", "7"}});
  const auto one = testee.add(compiled("/n == 1"));
  const auto there = testee.add(compiled("/n exists"));
  testee.judge(*batch, {0, 6}, std::vector{one, there});
  CAF_CHECK(same(testee[one].yes, {{0, 2}, {4, 5}}));
  CAF_CHECK(same(testee[one].not_no, {{0, 2}, {3, 6}}));
  CAF_CHECK_EQUAL(testee[one].wanted, 3u);
  CAF_CHECK_EQUAL(testee[one].unknown, 2u);
  CAF_CHECK_EQUAL(testee[one].first_unknown, 3u);
  CAF_CHECK_EQUAL(testee[one].wanted_before, 2u);
  CAF_CHECK(same(testee[there].yes, {{0, 3}, {4, 5}}));
  CAF_CHECK_EQUAL(testee[there].unknown, 0u);
  testee.judge(*batch, {2, 3}, std::vector{one});
  CAF_CHECK(testee[one].yes.empty());
  CAF_CHECK_EQUAL(testee[one].unknown, 0u);
  CAF_CHECK_EQUAL(testee.why_unknown(one, *batch, 3), "the member /n is missing");
}
