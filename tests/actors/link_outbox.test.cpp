#include "actors/link_outbox.hpp"

#include "config/link_limits.hpp"
#include "messages/link_bytes.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

constexpr uint32_t window = 8;

/// A message with an event, as far as an outbox can tell.
node_events message(char name, size_t size = 1) {
  node_events result;
  add_number(result.body, uint64_t{0});
  add_number(result.body, uint32_t{1});
  result.body.append(size, name);
  return result;
}

/// All that goes out now, by name.
std::string sent_by(link_outbox& x) {
  std::string result;
  while (auto next = x.next())
    result += next->body.back();
  return result;
}

link_outbox filled(const std::string& names, bool keeps = true) {
  link_outbox result{window, keeps};
  for (auto x : names)
    result.push(message(x));
  return result;
}

} // namespace

CAF_TEST(messages go out in order and no more than the window holds) {
  auto x = filled("abcdefghij");
  CAF_CHECK_EQUAL(sent_by(x), "abcdefgh");
  CAF_CHECK_EQUAL(x.in_flight(), size_t{window});
  CAF_CHECK(!x.is_open());
  x.taken();
  CAF_CHECK_EQUAL(sent_by(x), "i");
  CAF_CHECK(!x.is_empty());
}

CAF_TEST(large messages fill the window sooner) {
  link_outbox x{window, true};
  for (int i = 0; i < 4; ++i)
    x.push(message('a', window * defaults::delivery_bytes / 2));
  CAF_CHECK_EQUAL(sent_by(x), "aa");
  x.taken();
  CAF_CHECK_EQUAL(sent_by(x), "a");
}

CAF_TEST(where links of one certificate hold much together each has one message on its way) {
  auto all = std::make_shared<std::atomic<size_t>>();
  {
    link_outbox x{window, true, all};
    for (auto name : {'a', 'b'})
      x.push(message(name));
    *all = defaults::max_certificate_in_flight; // of other links
    CAF_CHECK_EQUAL(sent_by(x), "a");
    x.taken();
    CAF_CHECK_EQUAL(sent_by(x), "b");
    CAF_CHECK(*all > defaults::max_certificate_in_flight);
  }
  CAF_CHECK_EQUAL(all->load(), defaults::max_certificate_in_flight);
}

CAF_TEST(what was not taken goes out once more before what waits) {
  auto x = filled("abcdefghij");
  CAF_CHECK_EQUAL(sent_by(x), "abcdefgh");
  x.taken();
  x.taken();
  CAF_CHECK_EQUAL(sent_by(x), "ij");
  x.push(message('k'));
  x.hold();
  CAF_CHECK(x.rewind(2));
  CAF_CHECK_EQUAL(sent_by(x), ""); // the other bus has not said what it wants
  CAF_CHECK_EQUAL(x.in_flight(), 0u);
  x.release();
  CAF_CHECK_EQUAL(sent_by(x), "cdefghij");
  for (int i = 0; i < 8; ++i)
    x.taken();
  CAF_CHECK_EQUAL(sent_by(x), "k");
}

CAF_TEST(what was taken without a word does not go out again) {
  auto x = filled("abcd");
  CAF_CHECK_EQUAL(sent_by(x), "abcd");
  x.taken();
  x.hold();
  CAF_CHECK(x.rewind(3));
  x.release();
  CAF_CHECK_EQUAL(sent_by(x), "d");
  x.hold();
  CAF_CHECK(x.rewind(4));
  CAF_CHECK(x.is_empty());
}

CAF_TEST(nobody can have taken what was not sent or take back what it took) {
  auto x = filled("abc");
  CAF_CHECK_EQUAL(sent_by(x), "abc");
  x.taken();
  x.hold();
  CAF_CHECK(!x.rewind(0));
  CAF_CHECK(!x.rewind(4));
  CAF_CHECK(!x.rewind(~uint64_t{0}));
  CAF_CHECK(x.rewind(1));
}

CAF_TEST(one that does not keep what it sends cannot go back) {
  auto x = filled("abc", false);
  CAF_CHECK_EQUAL(sent_by(x), "abc");
  x.hold();
  CAF_CHECK(!x.rewind(0));
}

CAF_TEST(an answer to an interest of the last connection is not given over the next) {
  link_outbox x{window, true};
  const link_ends link{1, 2};
  const std::vector<stream_count> streams{{0, "t", 5, 0}};
  for (auto& y : encode_streams(streams, link, 0, 1))
    x.push(std::move(y));
  for (auto& y : encode_streams({}, link, 0, 2)) // says nothing but that it is complete
    x.push(std::move(y));
  x.next();
  x.hold();
  CAF_CHECK(x.rewind(0));
  x.release();
  auto again = x.next();
  CAF_REQUIRE(again.has_value());
  auto decoded = events_decoder{{2, 1}}.decode(std::move(*again), [](const std::string&) { return true; });
  CAF_CHECK(!decoded.offence);
  CAF_CHECK_EQUAL(decoded.streams.size(), 1u);
  CAF_CHECK_EQUAL(decoded.answered, 0u);
  CAF_CHECK(!decoded.complete);
  CAF_CHECK(!x.next());
}

CAF_TEST(what nobody wants any more does not go out) {
  auto x = filled("abc");
  x.clear();
  CAF_CHECK(x.is_empty());
  CAF_CHECK_EQUAL(sent_by(x), "");
}
