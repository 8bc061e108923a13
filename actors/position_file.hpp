#pragma once
#include "actors/file_lines.hpp"

#include <string>
#include <vector>

namespace cafbus {

/// Remembers how far one source has read its file, and the one before it that was rotated away, in a small file of its
/// own. Saving writes a new file and renames it, so that there is always a complete one. A damaged file counts as
/// empty: then the source reads from the beginning.
class position_file {
public:
  /// Remembers nothing.
  position_file() = default;

  /// @param folder For all such files; created if missing. @param source Identifies this source.
  position_file(const std::string& folder, const std::string& source);

  std::vector<file_position> load() const;

  /// A failure is ignored: after a restart, events come again.
  void save(const std::vector<file_position>& positions) const;

private:
  std::string path_; // empty: nothing is remembered
};

/// Removes the oldest of a folder's files, so that no more than `most` are left.
void limit_position_files(const std::string& folder, size_t most);

} // namespace cafbus
