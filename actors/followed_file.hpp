#pragma once
#include "actors/backoff.hpp"
#include "actors/line_input.hpp"

#include <deque>
#include <sys/stat.h>

namespace cafbus {

/// Follows the file of a given name, as `tail -F` does, from its first byte: through growth, truncation, replacement
/// and absence.
///
/// - A file that was renamed is read on until the new one of its name has something in it: whoever writes may take a
///   moment to change over. A file that was removed is read to its end and let go.
/// - A file that is smaller than what was read of it has been truncated and is read again from its start.
/// - What lacks its end of line is held back until that comes; a replacement or truncation counts as one.
///
/// Invariant: `current_` is read up to `current_.offset`; `next_` has the file's name but is empty yet, and is set only
/// beside `current_`; both are watched.
class followed_file final : public line_input {
public:
  static opened_input open(const std::string& path, uint64_t seed);

  followed_file(std::string path, uint64_t seed);
  ~followed_file() override;

  input_step next(std::span<char> buffer) override;
  bool connected_at_once() const override { return false; }

private:
  struct file {
    int fd = -1;
    int watch = -1;
    dev_t device = 0;
    ino_t inode = 0;
    off_t offset = 0;

    explicit operator bool() const noexcept { return fd >= 0; }
    bool is(const struct stat& x) const noexcept { return fd >= 0 && device == x.st_dev && inode == x.st_ino; }
  };

  void look();
  void look_while_absent(const std::string& why);
  std::string open_next();
  void advance();
  void close(file& x);
  bool watch_folder();
  void say(source_state state, const std::string& text);
  bool settled();
  bool wait();
  void read_notices();

  std::string path_;
  std::string folder_;
  int inotify_ = -1;
  int folder_watch_ = -1;
  file current_;
  file next_;
  bool read_again_ = false;     // `current_` is to be left, but read to its end once more before
  bool decided_before_ = false; // that has been done
  backoff pauses_;
  std::chrono::milliseconds pause_{0}; // until the next look while the file is absent
  source_state state_ = source_state::unknown;
  std::string text_;
  std::deque<input_step> news_;
};

/// Why `path` cannot be followed, for whoever starts a source; empty if it can, or is not there yet.
std::string not_followable(const std::string& path);

} // namespace cafbus
