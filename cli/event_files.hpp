#pragma once
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "messages/event_frame.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace cafbus {

/// Writes each event to a file of its own, `<number>_<type>_<id>.json`, which appears at once and complete. The number
/// is the event's sequence number; since that begins with 1 in each run, it is added to the highest number that the
/// folder holds at the start, so that names sort in the order of arrival. A file that exists is never replaced.
class event_files {
public:
  /// Makes `dir` if it is missing. Fails if it cannot be used.
  result<void> open(const std::string& dir);

  /// After it, `content` is in its file.
  result<void> write(const event_frame& event, std::string_view content);

private:
  unique_fd dir_;
  std::string path_;
  uint64_t before_ = 0; // the highest number of earlier runs
};

/// The name of an event's file, without what tells equal ones apart: nothing but [A-Za-z0-9._-], at most 200 bytes.
std::string event_file_name(const event_frame& event, uint64_t number);

/// The number that such a name begins with; 0 if it is no such name.
uint64_t event_file_number(std::string_view name);

} // namespace cafbus
