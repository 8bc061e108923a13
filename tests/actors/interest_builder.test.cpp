#include "actors/interest_builder.hpp"
#include "config/defaults.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

constexpr uint64_t self = 1, peer = 2;
using types = std::vector<std::string>;
using paths = std::vector<node_path>;

node_interest built(const std::vector<std::pair<types, paths>>& consumers) {
  interest_builder result{self, peer};
  for (const auto& [wanted, via] : consumers)
    result.add(wanted, {}, via);
  return result.finish();
}

} // namespace

CAF_TEST(what consumers want is merged and sorted) {
  auto x = built({{{"b", "a"}, {}}, {{"a", "c"}, {}}});
  CAF_CHECK_EQUAL(x.types, (types{"a", "b", "c"}));
  CAF_CHECK(x.via == (paths{{self}, {self}, {self}}));
}

CAF_TEST(a wish from another bus keeps its path and adds this bus) {
  auto x = built({{{"a"}, {{7, 8}}}});
  CAF_CHECK(x.via == (paths{{7, 8, self}}));
}

CAF_TEST(of several paths the shortest counts) {
  auto x = built({{{"a"}, {{7, 8}}}, {{"a"}, {{9}}}, {{"a"}, {{5, 6}}}});
  CAF_CHECK(x.via == (paths{{9, self}}));
  CAF_CHECK(built({{{"a"}, {{9}}}, {{"a"}, {}}}).via == (paths{{self}}));
}

CAF_TEST(a bus is not asked for what it has asked for itself) {
  CAF_CHECK(built({{{"a", "b"}, {{peer}, {7, peer}}}}).types.empty());
  CAF_CHECK_EQUAL(built({{{"a"}, {{peer}}}, {{"a"}, {{7}}}}).types, types{"a"});
}

CAF_TEST(a wish that has come back to where it was is dropped) {
  CAF_CHECK(built({{{"a"}, {{7, self, 8}}}}).types.empty());
}

CAF_TEST(a wish travels so far and no further) {
  node_path far;
  for (uint64_t node = 10; far.size() < defaults::max_node_hops - 1; ++node)
    far.push_back(node);
  CAF_CHECK_EQUAL(built({{{"a"}, {far}}}).types, types{"a"});
  far.push_back(9);
  CAF_CHECK(built({{{"a"}, {far}}}).types.empty());
}

CAF_TEST(a pattern and a type of one name are two wishes with a path each) {
  interest_builder builder{self, peer};
  const types wanted{"a"}, patterns{"a.*"};
  const paths via{{7}, {7, 8}};
  builder.add(wanted, patterns, via);
  builder.add({}, wanted, {});
  auto x = builder.finish();
  CAF_CHECK_EQUAL(x.types, (types{"a", "a", "a.*"}));
  CAF_CHECK(x.via == (paths{{7, self}, {self}, {7, 8, self}}));
  CAF_CHECK(x.is_pattern == (std::vector<bool>{false, true, true}));
}

CAF_TEST(where all types are admitted an interest stays as it is) {
  node_interest x{{"a", "b.*"}, {{1}, {2}}, {false, true}};
  CAF_CHECK(narrowed(x, type_filter{}) == x);
}

CAF_TEST(where some types are admitted a pattern becomes those that it stands for) {
  node_interest x{{"a", "b.*", "c"}, {{1}, {2}, {3}}, {false, true, false}};
  auto rest = narrowed(x, type_filter{false, {"b.1", "b.2", "b.c.d", "c"}});
  CAF_CHECK_EQUAL(rest.types, (types{"b.1", "b.2", "c"}));
  CAF_CHECK(rest.via == (paths{{2}, {2}, {3}}));
  CAF_CHECK(rest.is_pattern == (std::vector<bool>{false, false, false}));
}
