#pragma once
#include <cstdint>
#include <deque>

namespace cafbus {

/// Which line of the input each frame came from that was sent and not answered yet. Lines that gave no frame leave
/// holes, so this keeps one entry for each run without a hole, and forgets those that are answered.
class sent_lines {
public:
  /// The next frame is sent, and came from that line.
  void add(uint64_t line);

  /// The bus has answered for so many frames in all.
  void answered(uint64_t frames);

  /// The line of the first frame without an answer; 0 if there is none.
  uint64_t first_unanswered() const;

  /// The line of the last frame that was answered; 0 if there is none.
  uint64_t last_answered() const noexcept { return last_answered_; }

private:
  struct run {
    uint64_t frame = 0; // counted from 0
    uint64_t line = 0;
  };
  std::deque<run> runs_; // the first one holds the first frame without an answer, if there is any
  uint64_t sent_ = 0;
  uint64_t answered_ = 0;
  uint64_t last_answered_ = 0;
};

} // namespace cafbus
