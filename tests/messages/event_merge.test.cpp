#include "messages/event_merge.hpp"

#include "tests/support/batches.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;

CAF_TEST(a merged batch holds the events of its ranges in their order) {
  auto a = make_batch({{"x", "1", "10"}, {"y", "2", "20"}, {"x", "3", "30"}});
  auto b = make_batch({{"y", "4", "40"}, {"z", "5", "50"}});
  auto merged = merge({{a, 1, 3}, {b, 0, 2}});
  CAF_REQUIRE_EQUAL(merged.size(), 4u);
  std::string seen;
  for (size_t i = 0; i < merged.size(); ++i)
    seen += merged.type(i) + std::string{merged.id(i)} + '=' + std::string{merged.payload(i)} + ' ';
  CAF_CHECK_EQUAL(seen, "y2=20 x3=30 y4=40 z5=50 ");
}

CAF_TEST(the frames of a merged batch are those of its ranges) {
  auto a = make_batch({{"x", "1", "10"}, {"y", "2", "20"}});
  auto b = make_batch({{"y", {}, R"({"deep": [1.10, "\u00e9"]})"}});
  auto merged = merge({{a, 1, 2}, {b, 0, 1}});
  CAF_CHECK_EQUAL(merged.head(0), a->head(1));
  CAF_CHECK_EQUAL(merged.tail(0), a->tail(1));
  CAF_CHECK_EQUAL(merged.head(1), b->head(0));
  CAF_CHECK_EQUAL(merged.tail(1), b->tail(0));
}

CAF_TEST(a type that occurs in several ranges is there once) {
  auto a = make_batch({{"x"}, {"y"}});
  auto b = make_batch({{"y"}, {"x"}});
  CAF_CHECK_EQUAL(merge({{a, 0, 2}, {b, 0, 2}}).types.size(), 2u);
}

CAF_TEST(a merged batch takes only the bytes of its ranges and keeps no other batch alive) {
  auto a = numbered_batch(100, 0, "t", 1'000);
  std::weak_ptr<const event_batch> watched = a;
  auto merged = merge({{a, 50, 51}});
  CAF_CHECK_EQUAL(merged.bytes.size(), a->bytes_of(50, 51));
  a.reset();
  CAF_CHECK(watched.expired());
  CAF_CHECK(merged.payload(0).starts_with(R"({"n":50,)"));
}

CAF_TEST(each event keeps the place where it came in) {
  auto own = make_batch({{"x"}, {"x"}});
  event_batch relayed = *own;
  relayed.origins = {{7, 70, 1, 0}, {7, 71, 1, 0}};
  auto foreign = std::make_shared<const event_batch>(std::move(relayed));
  auto numbers = std::make_shared<batch_numbers>(batch_numbers{5, {8, 9}});
  auto merged = merge({{own, 0, 2, 0, numbers}, {foreign, 1, 2}});
  CAF_REQUIRE_EQUAL(merged.origins.size(), 3u);
  CAF_CHECK(merged.origins[1] == (event_origin{0, 6, 0, 0, 9}));
  CAF_CHECK(merged.origins[2] == (event_origin{7, 71, 1, 0}));
}

CAF_TEST(a merged batch knows the positions of its events if its ranges do) {
  auto a = numbered_batch(3);
  CAF_CHECK(merge({{a, 0, 3}}).positions.empty());
  auto b = std::make_shared<const event_batch>(merge({{a, 1, 3, 0, {}, 10}, {a, 0, 1, 0, {}, 20}}));
  CAF_CHECK_EQUAL(b->positions, (std::vector<uint64_t>{11, 12, 20}));
  CAF_CHECK_EQUAL(merge({{b, 1, 3}}).positions, (std::vector<uint64_t>{12, 20}));
}
