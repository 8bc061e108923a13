#include "messages/close_reason.hpp"

#include <set>
#include <string>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

template <class E>
void check_words() {
  const auto& words = vocabulary<E>::words;
  CAF_CHECK_EQUAL(std::set<std::string>(words.begin(), words.end()).size(), words.size());
  for (size_t i = 0; i < words.size(); ++i)
    CAF_CHECK(from_word<E>(to_string(static_cast<E>(i))) == static_cast<E>(i));
  for (auto word : {"", "UNKNOWN", "connected ", "a word of a later version"})
    CAF_CHECK(from_word<E>(word) == E::unknown);
}

} // namespace

CAF_TEST(each value has a word of its own and comes back from it) {
  check_words<source_state>();
  check_words<bus_phase>();
  check_words<link_direction>();
  check_words<reject_code>();
  check_words<error_code>();
}

CAF_TEST(the error frame for the end of a connection has the same word as the log) {
  CAF_CHECK(to_error_code(close_reason::frame_too_large) == error_code::frame_too_large);
  CAF_CHECK(to_error_code(close_reason::internal_error) == error_code::internal_error);
  CAF_CHECK(to_error_code(close_reason::peer_closed) == error_code::unknown);
}
