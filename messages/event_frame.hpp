#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace cafbus {

/// An `event` frame as a consumer reads it. Views point into the line, or into the reader until its next `read`.
struct event_frame {
  std::string_view event_type = {}; ///< Decoded; empty if the frame has none.
  std::string_view event_id = {};
  uint64_t seq = 0;
  std::string_view payload = {}; ///< The payload's bytes as they came.
  std::string_view cursor = {};  ///< Empty, unless the consumer has asked for it.
  uint64_t attempt = 1;          ///< For a member of a group: how often members have been given it.
};

/// Reads event frames, of this bus or of any other that speaks the protocol. Keeps its parser's memory.
class event_frame_reader {
public:
  event_frame_reader();
  ~event_frame_reader();
  event_frame_reader(event_frame_reader&&) noexcept;
  event_frame_reader& operator=(event_frame_reader&&) noexcept;

  /// From now on lines come from a bus that names the capability `payload_last`: what follows `payload` is taken as it
  /// stands, and not looked into.
  void trust_payloads() noexcept;

  /// @param line A view that is followed by at least 64 readable bytes, as `frame_splitter` gives it.
  /// @returns nothing if the line is not an event frame; decode it as a control frame then.
  std::optional<event_frame> read(std::string_view line);

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace cafbus
