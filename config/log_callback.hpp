#pragma once
#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The log of all buses in a process, for a program that embeds them: each line as what it says instead of as text.
/// Until a program asks for it the log is silent, and costs nothing.
namespace cafbus::log {

enum class severity : uint8_t {
  trace, ///< Parts of payloads.
  debug, ///< Each event and frame.
  info,  ///< State changes.
  warn,  ///< A loss, or a limit was reached; at most a few lines per second and cause.
  error, ///< A human must act.
};

/// One line.
struct entry {
  severity level = severity::info;
  std::string_view time = {};      ///< RFC 3339 with milliseconds and zone.
  std::string_view component = {}; ///< Who says it: bus, hub, conn, group, lock, session, link or source.
  std::string_view event = {};     ///< A stable name in kebab case: config/OPERATIONS.md lists them all.
  /// Key and value, in the order of the line. Text of a peer is in it as the peer sent it, but cut after 128 bytes.
  std::vector<std::pair<std::string, std::string>> fields = {};
};

/// Its views are good during the call.
using callback = std::function<void(const entry&)>;

/// From now on each line of at least that level goes to `to`, and nowhere else, until `end_callback` or another call.
///
/// It is called on a thread of the log's own, one call at a time, never on one of an actor's: it may block, and if it
/// takes so long that 1,024 lines wait, the oldest are lost. What it throws is dropped. It must not call this, nor
/// `end_callback`. Any thread may call this. Fails if there is no thread to be had.
result<void> to_callback(callback to, severity least = severity::info);

/// Hands over the lines that wait; no call comes, nor runs, once it returns. Before what the callback uses is gone.
void end_callback();

} // namespace cafbus::log
