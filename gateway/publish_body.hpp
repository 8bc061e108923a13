#pragma once
#include "messages/frames.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// The body of `POST /publish`, and the answer to it.
namespace cafbus::http {

struct publish_body {
  std::vector<std::string> frames; ///< For the bus.
  uint64_t rejected = 0;           ///< Lines that are no events.
  std::string told;                ///< The first of those, as JSON objects.
};

/// @param event_type If not empty, each line is the bare payload of an event of this type.
publish_body read_publish_body(std::string_view body, const std::string& event_type);

/// The totals of the bus and the lines that it never saw, as JSON.
std::string publish_report(const publish_ack& totals, const publish_body& body);

/// Appends `"name":value` to an object that is being written; begins it if `out` is empty.
void add_number(std::string& out, std::string_view name, uint64_t value);

} // namespace cafbus::http
