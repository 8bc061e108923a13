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

  /// Adds `text` and a newline to what waits to be written.
  void add_line(std::string_view text);

  /// The same, for a line that is no event: `pending_lines` does not count it.
  void add_note(std::string_view text);

  size_t pending() const noexcept { return waiting_.size() - written_; }

  /// Events of that, each a line, one that has been written in part included.
  uint64_t pending_lines() const noexcept;

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
  std::vector<size_t> notes_; // where in `waiting_` each ends
  int error_ = 0;
};

} // namespace cafbus
