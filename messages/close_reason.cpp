#include "messages/close_reason.hpp"

#include <iterator>

namespace cafbus {

namespace {

constexpr const char* names[] = {
    "peer_closed",          "peer_said_bye",      "answered",        "bus_stopping", "rejected",    "stalled",
    "hello_timeout",        "bad_first_frame",    "frame_too_large", "bad_hello",    "foreign_uid", "control_overflow",
    "too_many_connections", "too_many_half_open", "internal_error",
};
static_assert(std::size(names) == static_cast<size_t>(close_reason::internal_error) + 1);

} // namespace

const char* to_string(close_reason x) {
  return names[static_cast<uint8_t>(x)];
}

} // namespace cafbus
