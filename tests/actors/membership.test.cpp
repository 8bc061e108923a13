#include "actors/membership.hpp"

#include <caf/test/dsl.hpp>

using namespace cafbus;

namespace {

struct fixture {
  membership testee;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(membership_tests, fixture)

CAF_TEST(the first one in is first and the last one out is last) {
  CAF_CHECK(testee.enter("a", 1));
  CAF_CHECK(!testee.enter("a", 2));
  CAF_CHECK(testee.enter("b", 3));
  CAF_CHECK(!testee.leave("a", 1).last);
  CAF_CHECK(testee.leave("a", 2).last);
  CAF_CHECK(testee.leave("b", 3).last);
  CAF_CHECK_EQUAL(testee.ids(), 0u);
}

CAF_TEST(of two hundred that enter one is first and of two hundred that leave one is last) {
  int firsts = 0;
  int lasts = 0;
  for (uint64_t i = 0; i < 200; ++i)
    firsts += testee.enter("a", i) ? 1 : 0;
  for (uint64_t i = 200; i-- > 0;)
    lasts += testee.leave("a", i).last ? 1 : 0;
  CAF_CHECK_EQUAL(firsts, 1);
  CAF_CHECK_EQUAL(lasts, 1);
  CAF_CHECK_EQUAL(testee.ids(), 0u);
}

CAF_TEST(one who never came does not leave as the last) {
  testee.enter("a", 1);
  CAF_CHECK(!testee.leave("a", 2).was_in);
  CAF_CHECK(!testee.leave("b", 2).was_in);
  CAF_CHECK(testee.leave("a", 1).last);
}

CAF_TEST(leaving twice says last once) {
  testee.enter("a", 1);
  CAF_CHECK(testee.leave("a", 1).last);
  CAF_CHECK(!testee.leave("a", 1).last);
}

CAF_TEST(entering twice counts once) {
  CAF_CHECK(testee.enter("a", 1));
  CAF_CHECK(testee.enter("a", 1));
  CAF_CHECK(testee.leave("a", 1).last);
}

CAF_TEST(the lock is refused to an id that nobody is in or has left) {
  CAF_CHECK(!testee.try_lock("a", 1));
  testee.enter("a", 1);
  testee.leave("a", 1);
  CAF_CHECK(!testee.try_lock("a", 1));
}

CAF_TEST(the lock is refused while two are in) {
  testee.enter("a", 1);
  testee.enter("a", 2);
  CAF_CHECK(!testee.try_lock("a", 1));
  testee.leave("a", 2);
  CAF_CHECK(testee.try_lock("a", 1));
}

CAF_TEST(the lock is refused to one who is not in) {
  testee.enter("a", 1);
  testee.enter("b", 2);
  CAF_CHECK(!testee.try_lock("a", 2));
}

CAF_TEST(a held lock is refused to its holder as well and free after release) {
  testee.enter("a", 1);
  CAF_CHECK(testee.try_lock("a", 1));
  CAF_CHECK(testee.locked("a"));
  CAF_CHECK(!testee.try_lock("a", 1));
  CAF_CHECK(testee.unlock("a", 1));
  CAF_CHECK(testee.try_lock("a", 1));
}

CAF_TEST(releasing twice or without holding changes nothing) {
  CAF_CHECK(!testee.unlock("a", 1));
  testee.enter("a", 1);
  CAF_CHECK(!testee.unlock("a", 1));
  testee.try_lock("a", 1);
  CAF_CHECK(!testee.unlock("a", 2));
  CAF_CHECK(testee.unlock("a", 1));
  CAF_CHECK(!testee.unlock("a", 1));
}

CAF_TEST(leaving gives the own lock back and only that) {
  testee.enter("a", 1);
  testee.try_lock("a", 1);
  testee.enter("b", 2);
  CAF_CHECK(!testee.leave("b", 2).unlocked);
  CAF_CHECK(testee.locked("a"));
  CAF_CHECK(testee.leave("a", 1).unlocked);
  CAF_CHECK(!testee.locked("a"));
}

CAF_TEST(the ids of a member are those it is in) {
  testee.enter("a", 1);
  testee.enter("b", 1);
  testee.leave("a", 1);
  CAF_CHECK_EQUAL(testee.ids_of(1), (std::vector<std::string>{"b"}));
  testee.leave("b", 1);
  CAF_CHECK(testee.ids_of(1).empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
