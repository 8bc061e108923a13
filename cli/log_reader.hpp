#pragma once
#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cafbus {

/// Reads a log that its writer rotates meanwhile: PATH, PATH.1 .. PATH.kept. Nothing is read twice, and nothing is left
/// out, unless the file is rotated more than `kept` times between two reads.
class log_reader {
public:
  log_reader(std::string path, size_t kept) : path_{std::move(path)}, kept_{kept} {}

  /// The lines so far, old files included. @param lines The last so many; none: all. Fails if there is no file.
  result<std::string> so_far(std::optional<uint64_t> lines);

  /// What has been written since; waits for nothing.
  std::string more();

private:
  /// Files that are younger than the one that is open, the youngest first.
  std::vector<unique_fd> younger_files() const;

  std::string path_;
  size_t kept_;
  unique_fd fd_; // what `more` goes on with
};

} // namespace cafbus
