#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

namespace cafbus {

/// Cuts a stream of bytes into lines, whatever way it is split, and never holds more than one frame too many.
///
/// Use: `append` what was read, then call `next` until it has none, look at `too_long`, repeat.
/// Every view that `next` returns is followed by at least 64 readable bytes (simdjson's padding), so that a line
/// is parsed where it lies. It is valid until the next `append` or `lend`, or until `next` has none: then a buffer that
/// one long line has blown up is given back, for the peer may never say another word.
class frame_splitter {
public:
  /// @param max_frame_bytes Longest line, the newline included.
  explicit frame_splitter(size_t max_frame_bytes);

  /// Takes in bytes. No-op once `too_long()`.
  void append(const char* data, size_t size);

  /// The same for those who read into its memory: room for `size` bytes, valid until the next call of any function, and
  /// how many of them have been filled.
  char* room(size_t size);
  void filled(size_t size);

  /// The same without a copy: a line that lies whole in `bytes` comes out as a view of them; only what belongs to a
  /// line that began before them or ends behind them is copied. Each line is valid until the next call of `next`.
  /// @param bytes Followed by at least 64 readable bytes; they stay where they are until `next` has none.
  /// @pre `next` has none.
  void lend(std::string_view bytes);

  /// Bytes of the lines that have become whole by what was lent just now.
  size_t whole_lines() const noexcept;

  /// Copies what is left of the bytes that were lent, if they cannot stay until `next` has none.
  void keep_lent();

  /// The next complete line without its '\n' and without a '\r' before it; may be empty.
  std::optional<std::string_view> next();

  /// A line exceeded the limit: whether its end has been seen or not, nothing more comes out.
  bool too_long() const noexcept { return too_long_; }

  /// Gets past a line that is too long, for inputs that go on after one: the rest of that line is left out, now and in
  /// what is appended later; the lines behind it come out as ever.
  /// @returns whether there was one.
  bool skip_too_long();

  /// Bytes held that no line has been cut from yet.
  size_t pending() const noexcept { return held() + lent_.size(); }

  /// Bytes of memory held: about a frame and an append at most, and little once a long line has been taken out.
  size_t capacity() const noexcept { return capacity_; }

  /// What is left after the last newline, for inputs that may end without one (files, pipes); empties the splitter.
  std::optional<std::string_view> rest();

private:
  size_t held() const noexcept { return end_ - begin_; }
  std::optional<std::string_view> next_held();
  std::optional<std::string_view> next_lent();
  void hold(std::string_view bytes);
  void make_room(size_t size);
  void move_to(size_t capacity);
  bool find_newline();
  void skip();

  size_t max_frame_bytes_;
  std::unique_ptr<char[]> buffer_; // begin_..end_ is live; beyond it there are always 64 spare bytes
  size_t capacity_ = 0;            // of it
  size_t begin_ = 0;
  size_t scanned_ = 0; // no newline before this position: a byte is searched once
  size_t end_ = 0;
  std::string_view lent_; // what has come behind the buffer
  bool too_long_ = false;
  bool skipping_ = false; // within a line that was too long and is left out
};

} // namespace cafbus
