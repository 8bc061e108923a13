#pragma once
#include "actors/file_watcher.hpp"

#include <string>
#include <vector>

namespace cafbus {

/// The folders in which a change can make `path` mean another file: its own, and that of every symbolic link on the
/// way, links to folders included. @param path absolute
std::vector<watch_wish> folders_of(const std::string& path);

/// Growth, truncation and renaming of an open file, whatever its name is by now.
watch_wish content_of(int fd);

} // namespace cafbus
