#pragma once
#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <sys/stat.h>

namespace cafbus {

/// Where the reader of a file was, so that it is found again, by another process, too: the file's identity and how many
/// of its bytes have been read, all of them whole lines.
struct file_position {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t offset = 0;
  uint64_t head_size = 0; ///< Of what `head` is the hash: an inode's number is used again.
  uint64_t head = 0;
  bool operator==(const file_position&) const = default;
};

/// One open file that grows, read in whole lines. What lacks its end of line stays in the file until that comes, so
/// that `where` is always the start of a line; only of a line that is longer than the buffer parts are handed out.
///
/// Runs of NUL bytes at the start of a line are passed over: a file that was truncated under a writer who does not
/// append has such a hole.
class file_lines {
public:
  /// @returns a failure for what is no regular file, with the way out.
  static result<file_lines> open(const std::string& path);

  bool is(const struct stat& x) const noexcept { return device_ == x.st_dev && inode_ == x.st_ino; }
  bool is(const file_position& x) const noexcept { return device_ == x.device && inode_ == x.inode; }
  int fd() const noexcept { return fd_.get(); }

  /// @returns how many bytes it has put into `buffer`; 0: there is no whole line more, or `has_changed`.
  result<size_t> read(std::span<char> buffer);

  /// At the last `read`, the bytes before it were others than those that had been read there: see `is_rewritten`.
  bool has_changed() const noexcept { return has_changed_; }

  /// What lacked its end of line at the last `read`; from then on it counts as read.
  std::string take_rest();
  const std::string& rest() const noexcept { return rest_; }

  /// A part of a line that is too long for the buffer was handed out last.
  bool is_in_a_line() const noexcept { return in_a_line_; }

  /// The bytes that were read are gone: the file was truncated or rewritten, maybe to the same size.
  bool is_rewritten() const;
  void start_over() noexcept;

  bool is_removed() const noexcept;
  bool has_more() const noexcept;

  /// Its first byte that is no white space; 0 if there is none.
  char first_byte() const;

  file_position where() const;

  /// Goes on from there. @returns false, and stays, if it is another file or what was read of it has changed.
  bool go_to(const file_position& x);

private:
  std::string read_at(uint64_t offset, size_t size) const;
  size_t skip_hole(std::span<char> buffer, size_t size);
  void remember(std::span<const char> handed_out);

  unique_fd fd_;
  uint64_t device_ = 0;
  uint64_t inode_ = 0;
  uint64_t offset_ = 0; // up to which it has been handed out
  std::string head_;    // its first bytes, as read
  std::string tail_;    // the last bytes before `offset_`
  std::string rest_;
  bool in_a_line_ = false;
  bool has_changed_ = false;
};

/// Why `path` cannot be followed, if it is there; with the way out. Nothing if it can, or may come later.
result<void> can_be_followed(const std::string& path);

} // namespace cafbus
