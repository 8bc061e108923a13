#pragma once
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace cafbus {

/// A line on a terminal that shows how far a long run is, and that is gone when the run ends. It is written at most
/// four times per second, from the first second on, so that short runs show nothing. The cursor stays at its start:
/// whatever ends the program leaves the terminal usable.
class progress_line {
public:
  using clock = std::chrono::steady_clock;

  /// @param fd Where to write; below zero: nowhere. If it is no terminal, or one whose foreground belongs to others,
  /// nothing is ever written.
  explicit progress_line(int fd);
  ~progress_line() { erase(); }
  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;

  /// Whether `show` is to be called.
  bool due(clock::time_point now = clock::now()) const noexcept { return fd_ >= 0 && now >= next_; }

  /// Until then, for poll(); -1: that never comes.
  int wait_ms() const;

  /// Replaces what is shown by `text`, cut to the width of the terminal. @param text ASCII.
  void show(std::string_view text);

  /// To be called before anything else is written to the same terminal.
  void erase();

private:
  int fd_ = -1;
  clock::time_point next_;
  std::string shown_;
};

/// "published 1200 of 3400 lines read, 35 %" for people.
/// @param percent Of the input; negative: unknown.
std::string publish_progress(size_t answered, size_t read, int percent);

} // namespace cafbus
