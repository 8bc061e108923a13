#pragma once
#include "base/unique_fd.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cafbus {

/// Standard output for a program that must also watch other things: it never blocks in a write, and many lines go out
/// in one. It opens a pipe or terminal again for that, since the descriptor itself is shared with other programs, which
/// do not expect it to be non-blocking.
class output {
public:
  output();

  /// What is appended to it waits to be written.
  std::string& waiting() noexcept { return waiting_; }

  /// What was appended since the last call is one event: `pending_events` counts it.
  void end_event() { ends_.push_back(waiting_.size()); }

  size_t pending() const noexcept { return waiting_.size() - written_; }

  /// Events of that, one that has been written in part included.
  uint64_t pending_events() const noexcept;

  enum class state : uint8_t {
    good,
    closed, ///< The reader has gone.
    failed, ///< See `error()`.
  };

  /// Writes what can be written now.
  state flush();

  /// For poll(): errors and hang-ups tell that the reader is gone.
  int fd() const noexcept { return fd_.get(); }
  int error() const noexcept { return error_; }

private:
  long write_some(std::string_view bytes) const;

  unique_fd fd_;
  bool is_socket_ = false;
  bool may_block_ = false;
  std::string waiting_;
  size_t written_ = 0;
  std::vector<size_t> ends_; // of events in `waiting_`
  int error_ = 0;
};

} // namespace cafbus
