#include "messages/event_view.hpp"

#include "messages/event_cursor.hpp"
#include "messages/event_encoder.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

event_batch_ptr two_events() {
  event_encoder encoder;
  encoder.arrived_at(std::chrono::system_clock::time_point{std::chrono::seconds{1}});
  encoder.add({.event_type = "a \"quoted\" type",
               .event_id = "id\n\\1",
               .source_time = "yesterday",
               .app_id = "app",
               .tenant_key = "tenant",
               .payload = R"({"n": 1.10})"});
  encoder.add({.event_type = "b", .payload = "2"});
  return encoder.finish();
}

std::vector<uint64_t> seqs_of(const event_views& events) {
  std::vector<uint64_t> result;
  for (auto x : events)
    result.push_back(x.seq());
  return result;
}

} // namespace

CAF_TEST(a view has all that the publisher said) {
  const event_range range{two_events(), 0, 2, 7};
  const event_view x{range, 0, 0};
  CAF_CHECK_EQUAL(x.type(), "a \"quoted\" type");
  CAF_CHECK_EQUAL(x.id(), "id\n\\1");
  CAF_CHECK_EQUAL(x.source_time(), "yesterday");
  CAF_CHECK_EQUAL(x.app_id(), "app");
  CAF_CHECK_EQUAL(x.tenant_key(), "tenant");
  CAF_CHECK_EQUAL(x.payload(), R"({"n": 1.10})");
  CAF_CHECK_EQUAL(x.observed_at(), "1970-01-01T00:00:01.000000000Z");
  CAF_CHECK_EQUAL(x.seq(), 7u);
  CAF_CHECK_EQUAL(x.attempt(), 1u);
}

CAF_TEST(what the publisher did not say is empty) {
  const event_range range{two_events(), 0, 2, 7};
  const event_view x{range, 1, 0};
  CAF_CHECK_EQUAL(x.type(), "b");
  CAF_CHECK_EQUAL(x.id() + x.source_time() + x.app_id() + x.tenant_key() + x.cursor(), "");
  CAF_CHECK_EQUAL(x.observed_at(), "1970-01-01T00:00:01.000000000Z");
  CAF_CHECK_EQUAL(x.seq(), 8u);
}

CAF_TEST(a view has where the event comes from and where the next ones begin) {
  event_range range{two_events(), 0, 2, 1};
  range.numbers = std::make_shared<batch_numbers>(batch_numbers{10, {3, 4}});
  range.base = 20;
  range.attempt = 2;
  const event_view x{range, 1, 5};
  CAF_CHECK(x.origin() == (event_origin{0, 11, 0, 0, 4}));
  CAF_CHECK_EQUAL(x.cursor(), to_text({5, 21}));
  CAF_CHECK_EQUAL(x.attempt(), 2u);
}

CAF_TEST(a frame is what a consumer on a socket gets) {
  event_range range{two_events(), 0, 2, 1};
  range.base = 20;
  std::string both;
  for (auto x : event_views{{&range, 1}, 5})
    both += x.frame();
  std::string sent;
  append_frames(sent, range, 5);
  CAF_CHECK_EQUAL(both, sent);
}

CAF_TEST(the events of all ranges come one after another) {
  const auto batch = two_events();
  const std::vector<event_range> ranges{
      {batch, 1, 1, 1}, {batch, 1, 2, 4}, {batch, 0, 0, 5}, {batch, 0, 2, 5}, {batch, 2, 2, 7}};
  CAF_CHECK_EQUAL(seqs_of(event_views{ranges}), (std::vector<uint64_t>{4, 5, 6}));
  CAF_CHECK(seqs_of(event_views{{}}).empty());
}

CAF_TEST(a line of text is an event whatever lies behind it) {
  const std::string_view line = R"({"event_type":"t","event_id":"1","payload":[1.10]})";
  const std::vector<char> memory{line.begin(), line.end()}; // with nothing behind it
  event_encoder encoder;
  CAF_CHECK(encoder.add_text({memory.data(), memory.size()}) == event_encoder::outcome::added);
  CAF_CHECK(encoder.add_text("{\"event_type\":\"t\"") == event_encoder::outcome::rejected);
  const event_range range{encoder.finish(), 0, 1, 1};
  CAF_CHECK_EQUAL(event_view(range, 0, 0).id(), "1");
  CAF_CHECK_EQUAL(event_view(range, 0, 0).payload(), "[1.10]");
}
