#pragma once
#include <cstddef>
#include <functional>
#include <string_view>

namespace cafbus::testing {

/// A message that an actor is about to handle. The views are valid during the call.
struct traced_message {
  std::string_view from; ///< Name and id, as in `hub#7`; empty: sent by no actor.
  std::string_view to;   ///< The same; an adopted actor has the name that it was adopted by.
  std::string_view what; ///< The message in words, at most `trace_options::longest_message` bytes.
};

/// What a trace holds.
struct trace_options {
  bool events = true;    ///< A line for each event that a consumer of the harness sees.
  bool messages = false; ///< A line for each message that an actor handles; many times as slow.
  /// Of the messages only those for which it is true; empty: all.
  std::function<bool(const traced_message&)> filter = {};
  size_t longest_message = 200; ///< Bytes of a message in words; the rest is left out.
  size_t capacity = 64 << 20;   ///< Bytes of the whole trace; the oldest lines go first. 0: no trace at all.
};

} // namespace cafbus::testing
