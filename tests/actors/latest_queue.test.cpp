#include "actors/latest_queue.hpp"

#include "support/batches.hpp"

#include <caf/test/dsl.hpp>

using namespace cafbus;

CAF_TEST(the newest of each type is kept in the order in which the newest came) {
  latest_queue testee;
  event_range all{make_batch({{"a", {}, "1"}, {"b", {}, "2"}, {"a", {}, "3"}, {"c", {}, "4"}}), 0, 4, 11, 0};
  CAF_CHECK(!testee.put(all, 0));
  CAF_CHECK(!testee.put(all, 1));
  auto older = testee.put(all, 2);
  CAF_REQUIRE(older);
  CAF_CHECK_EQUAL(older->seq, 11u);
  CAF_CHECK(!testee.put(all, 3));
  std::string got;
  while (!testee.empty()) {
    auto x = testee.pop_front();
    got += x.batch->type(0) + std::to_string(x.seq) + "=" + std::string{x.batch->payload(0)} + " ";
  }
  CAF_CHECK_EQUAL(got, "b12=2 a13=3 c14=4 ");
}

CAF_TEST(a type that was taken out begins again) {
  latest_queue testee;
  event_range all{make_batch({{"a"}, {"a"}}), 0, 2, 1, 0};
  CAF_CHECK(!testee.put(all, 0));
  testee.pop_front();
  CAF_CHECK(!testee.put(all, 1));
  CAF_CHECK_EQUAL(testee.front().seq, 2u);
}
