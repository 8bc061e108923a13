#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace cafbus::bench {

/// Events from a file of NDJSON lines as a source reads them.
struct real_events {
  std::vector<std::string> types; ///< Of each event.
  std::vector<std::string> payloads;

  std::vector<std::string> distinct_types() const;
  double mean_payload() const;
  /// As many events in a row as never have more than so many bytes with `envelope` bytes each around the payload.
  uint64_t window(uint64_t bytes, size_t envelope) const;
};

/// Throws a bench_error if the file cannot be read, or a line of it is no event.
real_events load_events(const std::string& path);

} // namespace cafbus::bench
