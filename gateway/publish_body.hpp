#pragma once
#include "io/client/publish_lines.hpp"
#include "messages/frame_splitter.hpp"
#include "messages/frames.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// The body of `POST /publish`, and the answer to it.
namespace cafbus::http {

/// The lines of a body as frames for the bus, one at a time. All frames together can be a thousand times as large as
/// the body: a type of 1,000 bytes in front of each payload of one byte.
class publish_body {
public:
  /// Begins with the first frame. @param event_type If not empty, each line is the bare payload of an event of this
  /// type.
  publish_body(std::string_view body, const std::string& event_type);
  publish_body(const publish_body&) = delete;
  publish_body& operator=(const publish_body&) = delete;

  /// The current frame without '\n', valid until `advance`; empty behind the last one.
  std::string_view frame() const noexcept { return frame_; }
  void advance();

  /// Lines so far that are no events, and the first of them as JSON objects.
  uint64_t rejected() const noexcept { return rejected_; }
  const std::string& told() const noexcept { return told_; }

private:
  void take(std::string_view line);
  void reject(std::string_view why);

  publish_lines reader_;
  frame_splitter splitter_;
  std::string_view frame_; // of the reader, or in the splitter
  uint64_t number_ = 0;    // of the line
  uint64_t rejected_ = 0;
  std::string told_;
};

/// The totals of the bus and the lines that it never saw, as JSON.
std::string publish_report(const publish_ack& totals, const publish_body& body);

/// Appends `"name":value` to an object that is being written; begins it if `out` is empty.
void add_number(std::string& out, std::string_view name, uint64_t value);

} // namespace cafbus::http
