#pragma once
#include "messages/states.hpp"

namespace cafbus {

/// Why the bus ended a connection, as the log says it.
enum class close_reason : uint8_t {
  peer_closed, ///< The peer hung up.
  peer_said_bye,
  answered, ///< A status query or shutdown has got its answer.
  bus_stopping,
  rejected,        ///< The hello was answered with `rejected`.
  stalled,         ///< No progress on the socket for `write_timeout`; an actor: no answer for its `join::stall_limit`.
  hello_timeout,   ///< No complete first frame within `hello_timeout`.
  bad_first_frame, ///< The first frame was none of those that may be.
  frame_too_large,
  foreign_uid,          ///< The peer runs as another user.
  control_overflow,     ///< The peer makes us answer but does not read the answers.
  too_many_connections, ///< A consumer or producer came when there were `max_connections`.
  too_many_half_open,   ///< It was the oldest without a first frame when there were more than `max_half_open`.
  internal_error,       ///< Another actor of the bus has failed.
  evicted,              ///< Its queue was full, and its policy is to end then.
  filter_failed,        ///< Its filter could not judge an event, and it wants to end then.
};
template <>
struct vocabulary<close_reason> {
  static constexpr std::array words{
      "peer_closed",        "peer_said_bye",  "answered",         "bus_stopping",
      "rejected",           "stalled",        "hello_timeout",    "bad_first_frame",
      "frame_too_large",    "foreign_uid",    "control_overflow", "too_many_connections",
      "too_many_half_open", "internal_error", "evicted",          "filter_failed",
  };
};
static_assert(spells_all_up_to(close_reason::filter_failed));

/// The code of the `error` frame that tells a peer of it: the one with the same word, `unknown` if there is none.
constexpr error_code to_error_code(close_reason x) noexcept {
  return from_word<error_code>(to_string(x));
}

} // namespace cafbus
