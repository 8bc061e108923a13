#pragma once
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

namespace cafbus {

/// What a member of a group says to the bus about its events: each is confirmed once it has been handled, or given back
/// where it has failed.
///
/// Events are handled in their order, and some are written long after they were taken, as in `cursor_keeper`: `given`
/// are those that were to be written when an event was taken, `written` those of them that have been.
class event_confirmations {
public:
  /// Takes an event; nothing but writing is left to do for those before it.
  void took(uint64_t seq, uint64_t given);

  /// The event that was taken last has failed.
  void fail() noexcept { failed_ = true; }

  /// @param idle Nothing but writing is left to do for the last event, either.
  void progress(uint64_t given, uint64_t written, bool idle);

  /// Frames to be sent, since the last call.
  std::string take_frames() { return std::exchange(frames_, {}); }

private:
  struct mark {
    uint64_t seq;
    uint64_t given;
  };

  void close(uint64_t given);

  uint64_t taken_ = 0; // number of the last event; 0: what became of it is known
  bool failed_ = false;
  std::deque<mark> unwritten_; // handled once so many are written
  std::string frames_;
};

} // namespace cafbus
