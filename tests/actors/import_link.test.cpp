#include "actors/import_link.hpp"

#include "config/defaults.hpp"
#include "config/link_limits.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;

CAF_TEST(what was asked for once may come though it is not wanted any more) {
  import_service x;
  x.note_asked({{"a", "b.*"}, {{1}, {1}}, {false, true}});
  x.note_asked({{"c"}, {{1}}, {}});
  CAF_CHECK(x.was_asked("a"));
  CAF_CHECK(x.was_asked("b.1"));
  CAF_CHECK(x.was_asked("c"));
  CAF_CHECK(!x.was_asked("b"));
  CAF_CHECK(!x.was_asked("d"));
}

CAF_TEST(what was asked for long ago is forgotten) {
  import_service x;
  for (int round = 0; round < 3; ++round) {
    node_interest wanted;
    for (size_t i = 0; i < defaults::max_node_types; ++i)
      wanted.types.push_back(std::to_string(round) + "." + std::to_string(i));
    wanted.via.resize(wanted.types.size());
    x.note_asked(wanted);
  }
  CAF_CHECK(x.was_asked("2.0"));
  CAF_CHECK(!x.was_asked("0.0"));
}

CAF_TEST(an interest is no longer than a message may be and names nothing that may not come) {
  node_interest wanted;
  for (int i = 0; i < 8; ++i)
    wanted.types.push_back(std::to_string(i));
  wanted.via.assign(8, {1});
  auto x = limited(wanted, {false, {"1", "2"}});
  CAF_CHECK_EQUAL(x.wanted.types, (std::vector<std::string>{"1", "2"}));
  CAF_CHECK_EQUAL(x.left_out, 0u);
  for (auto& type : wanted.types)
    type.resize(defaults::max_link_interest_bytes / 4, 'x');
  x = limited(wanted, {});
  CAF_CHECK_EQUAL(x.wanted.types.size(), 3u);
  CAF_CHECK_EQUAL(x.left_out, 5u);
}
