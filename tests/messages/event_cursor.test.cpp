#include "messages/event_cursor.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;

CAF_TEST(a cursor that is written is read back) {
  for (auto x : {event_cursor{1, 0}, event_cursor{UINT64_MAX, UINT64_MAX}, event_cursor{0x1234, 99}}) {
    const auto text = to_text(x);
    CAF_CHECK(text.size() <= max_cursor_bytes);
    auto read = parse_cursor(text);
    CAF_REQUIRE(read);
    CAF_CHECK(*read == x);
  }
}

CAF_TEST(other texts are no cursor) {
  const std::string good = to_text(event_cursor{0xabc, 0x12});
  for (const auto& text :
       {std::string{}, good + "0000000000000000000000", good + " ", good.substr(0, 17), "x" + good.substr(1),
        std::string{"0000000000000abc-012"}, std::string{"0000000000000ABC-12"}, std::string{"0000000000000abc--2"},
        std::string{"0000000000000abc-11111111111111111"}, std::string(1'000'000, '0')})
    CAF_CHECK(!parse_cursor(text));
}
