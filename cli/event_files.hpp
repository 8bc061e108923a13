#pragma once
#include "base/unique_fd.hpp"
#include "messages/event_frame.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace cafbus {

/// Writes each event to a file of its own, `<seq>_<type>_<id>.json`, which appears at once and complete.
/// A file that exists is never replaced: sequence numbers begin anew with each run.
class event_files {
public:
  /// @returns an error text, empty if `dir` can be used; it is made if it is missing.
  std::string open(const std::string& dir);

  /// @returns an error text, empty if `content` and a newline are in their file now.
  std::string write(const event_frame& event, std::string_view content);

private:
  unique_fd dir_;
  std::string path_;
};

/// The name of an event's file, without what tells equal ones apart: nothing but [A-Za-z0-9._-], at most 200 bytes.
std::string event_file_name(const event_frame& event);

} // namespace cafbus
