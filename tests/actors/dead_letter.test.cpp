#include "actors/dead_letter.hpp"

#include "support/batches.hpp"

#include <caf/test/dsl.hpp>

using namespace cafbus;

namespace {

event_range range_of(const event_batch_ptr& batch, uint32_t i) {
  return {batch, i, i + 1, 1};
}

} // namespace

CAF_TEST(a dead letter has the payload as it came and what its publisher said) {
  event_encoder encoder;
  encoder.add({"im.message", "e\"17", "1795347038000", "app", "tenant", R"({"n":1.10})"});
  auto letter = dead_letter(range_of(encoder.finish(), 0), "workers", {});
  CAF_REQUIRE(letter != nullptr);
  CAF_CHECK_EQUAL(letter->type(0), "dead.im.message");
  CAF_CHECK_EQUAL(letter->payload(0), R"({"n":1.10})");
  CAF_CHECK_EQUAL(letter->id(0), R"(dead.workers.e\"17)");
  const std::string head{letter->head(0)};
  for (const auto* part : {R"("source_time":"1795347038000")", R"("app_id":"app")", R"("tenant_key":"tenant")"})
    CAF_CHECK(head.find(part) != std::string::npos);
}

CAF_TEST(an event without an id has a dead letter without one) {
  auto letter = dead_letter(range_of(make_batch({{"a"}, {"b"}}), 1), "g", {});
  CAF_REQUIRE(letter != nullptr);
  CAF_CHECK_EQUAL(letter->type(0), "dead.b");
  CAF_CHECK(letter->id(0).empty());
}

CAF_TEST(a dead letter has no dead letter) {
  CAF_CHECK(dead_letter(range_of(make_batch({{"dead.a"}}), 0), "g", {}) == nullptr);
}

CAF_TEST(a type that has no room for the prefix has no dead letter) {
  CAF_CHECK(dead_letter(range_of(make_batch({{std::string(1'024, 't')}}), 0), "g", {}) == nullptr);
}
