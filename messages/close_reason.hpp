#pragma once
#include <cstdint>

namespace cafbus {

/// Why the bus ended a connection: the one vocabulary of the log, of `error` frames and of statistics.
enum class close_reason : uint8_t {
  peer_closed, ///< The peer hung up.
  peer_said_bye,
  answered, ///< A status query or shutdown has got its answer.
  bus_stopping,
  rejected,        ///< The hello was answered with `rejected`.
  stalled,         ///< No progress on the socket for `write_timeout`.
  hello_timeout,   ///< No complete first frame within `hello_timeout`.
  bad_first_frame, ///< The first frame was none of those that may be.
  frame_too_large,
  bad_hello,            ///< A hello with too many types or too long a name.
  foreign_uid,          ///< The peer runs as another user.
  control_overflow,     ///< The peer makes us answer but does not read the answers.
  too_many_connections, ///< A consumer or producer came when there were `max_connections`.
  too_many_half_open,   ///< It was the oldest without a first frame when there were more than `max_half_open`.
  internal_error,       ///< Another actor of the bus has failed.
};

/// The name above: stable, snake case.
const char* to_string(close_reason x);

} // namespace cafbus
