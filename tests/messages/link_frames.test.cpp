#include "messages/link_frames.hpp"

#include "config/link_limits.hpp"
#include "messages/link_bytes.hpp"

#include <set>

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::string_literals;

namespace {

std::string body(const link_frame& x) {
  return encode_link(x).substr(link_header_bytes);
}

} // namespace

CAF_TEST(a greeting has sixteen bytes) {
  CAF_CHECK_EQUAL(encode_link(link_greeting{1, 0x203}), "cafbus-link\n\x01\x00\x03\x02"s);
}

CAF_TEST(a frame is the length of its body and its kind and its body) {
  CAF_CHECK_EQUAL(encode_link(link_ping{}), "\x00\x00\x00\x00\x07"s);
  CAF_CHECK_EQUAL(encode_link(link_bye{"ab"}), "\x04\x00\x00\x00\x09\x02\x00"s + "ab");
  CAF_CHECK_EQUAL(encode_link(link_events{"xyz"}), "\x03\x00\x00\x00\x05xyz"s);
}

CAF_TEST(numbers are little endian and texts have their length before them) {
  CAF_CHECK_EQUAL(body(link_hello{0x0102030405060708, "b"}), "\x08\x07\x06\x05\x04\x03\x02\x01\x01\x00"s + "b");
}

CAF_TEST(from the third protocol on an introduction says what is resumed) {
  CAF_CHECK_EQUAL(body(link_hello{1, "b", link_resume{2, 3, 4}}),
                  body(link_hello{1, "b"}) + "\2\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0"s);
  CAF_CHECK_EQUAL(body(link_welcome{1, {}, link_export{5, true}}), body(link_welcome{1, {}}) + "\5\0\0\0\0\0\0\0\1"s);
}

CAF_TEST(a pattern is marked in the number of hops) {
  CAF_CHECK_EQUAL(body(node_interest{{"a", "b"}, {{1}, {}}, {false, true}}),
                  "\x02\x00\x00\x00"s + "\x01\x00"s + "a\x01\x01\x00\x00\x00\x00\x00\x00\x00"s + "\x01\x00"s + "b\x80");
}

CAF_TEST(one more type takes as many bytes as is said) {
  const node_interest without{{"a"}, {{1}}, {}};
  const node_interest with{{"a", "type"}, {{1}, {2, 3}}, {}};
  CAF_CHECK_EQUAL(encode_link(with).size() - encode_link(without).size(), link_interest_bytes("type", {2, 3}));
}

CAF_TEST(a text that is too long is cut so that its frame still fits) {
  const std::string text(10'000, 'x');
  CAF_CHECK_EQUAL(body(link_hello{1, text, link_resume{}}).size(), max_link_body(link_kind::hello));
  CAF_CHECK_EQUAL(body(link_welcome{1, text, link_export{}}).size(), max_link_body(link_kind::welcome));
  CAF_CHECK_EQUAL(body(link_bye{text}).size(), max_link_body(link_kind::bye));
}

CAF_TEST(frames without a body and kinds that do not exist may have none) {
  for (auto x : {link_kind::interest_taken, link_kind::events_taken, link_kind::ping, link_kind::pong, link_kind{0},
                 link_kind{99}})
    CAF_CHECK_EQUAL(max_link_body(x), 0u);
}

CAF_TEST(every offence has a name and a text of its own) {
  std::set<std::string> names;
  std::set<std::string> texts;
  constexpr auto last = static_cast<int>(link_offence::not_asked_for);
  for (int i = 0; i <= last; ++i) {
    names.insert(to_string(link_offence(i)));
    texts.insert(text_of(link_offence(i)));
  }
  CAF_CHECK_EQUAL(names.size(), last + 1u);
  CAF_CHECK_EQUAL(texts.size(), last + 1u);
  CAF_CHECK_EQUAL(to_string(link_offence::flood), "flood"s);
}
