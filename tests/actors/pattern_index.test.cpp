#include "actors/pattern_index.hpp"

#include <algorithm>
#include <random>

#include <caf/test/dsl.hpp>

using namespace cafbus;

namespace {

using subscribers = std::vector<uint32_t>;

struct fixture {
  pattern_index testee;
  std::mt19937 random{1};

  subscribers wanting(std::string_view type) {
    subscribers result;
    testee.find(type, result);
    std::sort(result.begin(), result.end());
    return result;
  }

  /// Few tokens and short names, so that much of it matches.
  std::string name(bool is_pattern) {
    std::string result;
    auto length = 1 + random() % 4;
    for (size_t i = 0; i < length; ++i) {
      auto lot = random() % 6;
      auto token = lot < 3 ? std::string(1, static_cast<char>('a' + lot)) : lot == 3 ? "" : is_pattern ? "*" : "a";
      result += (i == 0 ? "" : ".") + token;
    }
    if (is_pattern && random() % 3 == 0)
      result += ".>";
    return result;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(pattern_index_tests, fixture)

CAF_TEST(each finds what its pattern stands for) {
  testee.add("a.*", 1);
  testee.add("a.>", 2);
  testee.add(">", 3);
  testee.add("*.b", 4);
  CAF_CHECK_EQUAL(wanting("a.b"), (subscribers{1, 2, 3, 4}));
  CAF_CHECK_EQUAL(wanting("a.b.c"), (subscribers{2, 3}));
  CAF_CHECK_EQUAL(wanting("a"), (subscribers{3}));
  CAF_CHECK_EQUAL(wanting("a.*"), (subscribers{1, 2, 3}));
}

CAF_TEST(it finds the same as each pattern by itself while they come and go) {
  std::vector<std::pair<std::string, uint32_t>> have;
  size_t found = 0;
  for (uint32_t i = 0; i < 3'000; ++i) {
    if (have.size() < 40 || random() % 2 == 0) {
      have.emplace_back(name(true), i);
      testee.add(have.back().first, i);
    } else {
      auto lot = have.begin() + static_cast<std::ptrdiff_t>(random() % have.size());
      testee.remove(lot->first, lot->second);
      have.erase(lot);
    }
    auto type = name(false);
    subscribers expected;
    for (const auto& [pattern, id] : have)
      if (matches(pattern, type))
        expected.push_back(id);
    std::sort(expected.begin(), expected.end());
    CAF_REQUIRE_EQUAL(wanting(type), expected);
    CAF_REQUIRE_EQUAL(testee.matches(type), !expected.empty());
    found += expected.size();
  }
  CAF_CHECK(found > 3'000);
}

CAF_TEST(what was removed leaves nothing) {
  testee.add("a.b.*", 1);
  testee.add("a.>", 1);
  testee.remove("a.b.*", 1);
  testee.remove("a.>", 1);
  CAF_CHECK(testee.empty());
  CAF_CHECK(wanting("a.b.c").empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
