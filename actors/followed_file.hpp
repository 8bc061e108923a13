#pragma once
#include "actors/backoff.hpp"
#include "actors/file_lines.hpp"
#include "actors/file_watcher.hpp"
#include "actors/line_input.hpp"
#include "actors/position_file.hpp"

#include <chrono>
#include <deque>
#include <optional>

namespace cafbus {

/// Follows the file of a given name, as `tail -F` does: through growth, truncation, replacement and absence. It starts
/// where `position_file` says that it stopped, else at the first byte.
///
/// - When another file has the name, that one is read from its start, and the old one is read on beside it until
///   nothing has been added to it for `rotation_grace`: the writer may take a moment to change over.
/// - A file that was truncated or rewritten, to any size, is read again from its start.
/// - What lacks its end of line is held back until that comes; a replacement or truncation counts as one.
///
/// Invariant: `current_` is the last file that had the name, read up to its end whenever this waits; `old_` is the one
/// before it, and is set only beside `current_`.
class followed_file final : public line_input {
public:
  static opened_input open(const std::string& path, uint64_t seed, position_file memory = {});

  followed_file(wakeup stop, wakeup changed, std::shared_ptr<file_watcher> watcher, const std::string& path,
                uint64_t seed, position_file memory);

  input_step next(std::span<char> buffer) override;
  void on_taken() override;
  input_end finish(bool stopped, std::string why) override;
  bool connected_at_once() const override { return false; }

private:
  using clock = std::chrono::steady_clock;

  std::optional<input_step> read(std::span<char> buffer);
  void look();
  void look_at_content();
  void look_at_name();
  void look_while_absent(const std::string& why);
  void take_over(file_lines found);
  void go_on_where_it_was();
  void read_earlier();
  std::optional<file_lines> find(const file_position& x) const;
  void join_torn_line();
  void let_old_go();
  void let_current_go();
  void say(source_state state, const std::string& text);
  void watch();
  void wait();
  void save();

  std::string path_;
  wakeup changed_;
  file_watcher::watches watches_;
  position_file memory_;
  std::vector<file_position> known_; // of the last run, until the first file has been found
  std::vector<file_position> taken_; // the hub has everything up to there
  std::vector<file_position> saved_;
  std::deque<file_lines> earlier_; // rotated away since the last run, and not read to their end
  bool begun_ = false;
  std::optional<file_lines> current_;
  std::optional<file_lines> old_;
  std::optional<clock::time_point> old_until_; // nothing while `current_` is empty
  bool read_again_ = false;                    // one more read to the end, since something has been decided
  bool decided_ = false;
  bool look_again_ = false;
  bool woken_ = true;
  uint64_t watched_inode_ = 0;
  std::string unwatched_; // why changes are found late, if they are
  backoff pauses_;
  std::chrono::milliseconds pause_{0}; // until the next look while the file is absent
  clock::time_point saved_at_{};
  source_state state_ = source_state::unknown;
  std::string text_;
  std::deque<input_step> news_;
};

} // namespace cafbus
