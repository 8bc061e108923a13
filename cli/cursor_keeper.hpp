#pragma once
#include "base/result.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cafbus {

/// A small file that holds the cursor of one event. Saving writes a new file and renames it, so that there is always a
/// complete one.
class cursor_file {
public:
  /// Reads it, if it is there. Fails if it cannot be used, or holds anything else.
  static result<cursor_file> open(std::string path);

  /// Empty: there is none yet.
  const std::string& cursor() const noexcept { return cursor_; }

  result<void> save(const std::string& cursor);

private:
  std::string path_;
  std::string cursor_;
};

/// Keeps the cursor of the last event of a run that has been handled, and all before it: at most once a second while
/// it runs, and at its end. So a run that is killed may lead to events that come again, and never to one that is
/// missed.
///
/// Events are handled in their order. Some are written long after they were taken, all of which are counted: `given`
/// are those that were to be written when an event was taken, `written` those of them that have been.
class cursor_keeper {
public:
  using clock = std::chrono::steady_clock;

  static constexpr std::chrono::seconds pace{1};

  explicit cursor_keeper(cursor_file file) : file_{std::move(file)} {}

  /// Takes an event; nothing but writing is left to do for those before it.
  void took(std::string_view cursor, uint64_t given);

  /// The event that was taken last is not handled and never will be by this run.
  void fail() noexcept { failed_ = true; }

  /// @param idle Nothing but writing is left to do for the last event, either.
  void progress(uint64_t given, uint64_t written, bool idle, clock::time_point now);

  /// The same, for the last time.
  void finish(uint64_t given, uint64_t written, bool idle);

  /// When it is to be called although nothing happens.
  std::optional<clock::time_point> due() const;

private:
  struct mark {
    std::string cursor;
    uint64_t given;
  };

  void note(uint64_t given);
  void settle(uint64_t given, uint64_t written, bool idle);
  void save();

  cursor_file file_;
  std::string taken_;             // of the last event
  std::optional<mark> unwritten_; // handled once so many are written
  std::string handled_;
  clock::time_point next_save_{};
  bool failed_ = false;
  bool told_ = false;
};

} // namespace cafbus
