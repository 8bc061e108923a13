#include "actors/position_file.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace cafbus {

namespace {

constexpr const char* first_line = "cafbus positions 1\n";
/// The one that is read, and those that were rotated away while a daemon was busy or gone.
constexpr size_t most_positions = 8;
constexpr size_t most_bytes = 4'096;

std::string name_of(const std::string& source) {
  uint64_t hash = 14'695'981'039'346'656'037U; // FNV-1a
  for (unsigned char c : source)
    hash = (hash ^ c) * 1'099'511'628'211U;
  char result[17];
  std::snprintf(result, sizeof(result), "%016" PRIx64, hash);
  return result;
}

std::string text_of(const std::vector<file_position>& positions) {
  std::string result = first_line;
  for (const auto& x : positions)
    for (auto [number, end] :
         {std::pair{x.device, ' '}, {x.inode, ' '}, {x.offset, ' '}, {x.head_size, ' '}, {x.head, '\n'}})
      result += std::to_string(number) + end;
  return result;
}

/// Takes the place of what `path` is, or leaves it as it is.
void replace(const std::string& path, const std::string& text) {
  auto temporary = path + ".new";
  ::unlink(temporary.c_str());
  unique_fd fd{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR)};
  if (fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fdatasync(fd.get()) == 0)
    ::rename(temporary.c_str(), path.c_str());
}

} // namespace

position_file::position_file(const std::string& folder, const std::string& source)
  : path_{folder + '/' + name_of(source)} {
  ::mkdir(folder.c_str(), S_IRWXU);
}

std::vector<file_position> position_file::load() const {
  std::vector<file_position> result;
  unique_fd fd{path_.empty() ? -1 : ::open(path_.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  std::string text(most_bytes, '\0');
  auto n = fd ? ::read(fd.get(), text.data(), text.size()) : 0;
  text.resize(n > 0 ? static_cast<size_t>(n) : 0);
  if (!text.starts_with(first_line))
    return result;
  for (auto i = text.find('\n') + 1; i < text.size() && result.size() < most_positions;) {
    file_position x;
    auto end = text.find('\n', i);
    if (end == std::string::npos ||
        std::sscanf(text.c_str() + i, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &x.device, &x.inode,
                    &x.offset, &x.head_size, &x.head) != 5)
      return {};
    result.push_back(x);
    i = end + 1;
  }
  return result;
}

void position_file::save(const std::vector<file_position>& positions) const {
  if (!path_.empty() && !positions.empty())
    replace(path_, text_of(positions));
}

void limit_position_files(const std::string& folder, size_t most) {
  namespace fs = std::filesystem;
  std::vector<std::pair<fs::file_time_type, fs::path>> files;
  std::error_code error;
  for (fs::directory_iterator i{folder, error}, end; !error && i != end; i.increment(error)) {
    std::error_code no_time;
    files.emplace_back(i->last_write_time(no_time), i->path());
  }
  if (files.size() <= most)
    return;
  std::ranges::sort(files);
  files.resize(files.size() - most);
  for (const auto& [time, path] : files)
    fs::remove(path, error);
}

} // namespace cafbus
