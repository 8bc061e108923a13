#include "cli/event_files.hpp"

#include "cli/console.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>

namespace cafbus {

namespace {

constexpr size_t max_part = 80;  // of type and id, so that the name stays below the 255 bytes of file systems
constexpr int max_equal = 1'000; // files that differ in nothing but their last number
constexpr size_t digits = 12;    // of a number, so that names sort like numbers

std::string safe(std::string_view text) {
  std::string result;
  for (auto c : text.substr(0, max_part)) {
    auto good =
        (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    result += good ? c : '-';
  }
  return result;
}

/// @returns 0 or an errno; EEXIST if `to` is there already.
int rename_new(int dir, const char* from, const char* to) {
  if (::renameat2(dir, from, dir, to, RENAME_NOREPLACE) == 0)
    return 0;
  if (errno != EINVAL && errno != ENOSYS)
    return errno;
  // a file system that cannot do it in one step: a link fails as well if the name is taken
  if (::linkat(dir, from, dir, to, 0) != 0)
    return errno;
  ::unlinkat(dir, from, 0);
  return 0;
}

/// The highest number that a file in the folder has. What cannot be read is taken for empty: no name is used twice.
uint64_t highest_number(int dir) {
  unique_fd own{::openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  const std::unique_ptr<DIR, int (*)(DIR*)> entries{::fdopendir(own.get()), ::closedir};
  if (!entries)
    return 0;
  own.release(); // closedir() closes it
  uint64_t result = 0;
  while (const auto* entry = ::readdir(entries.get()))
    result = std::max(result, event_file_number(entry->d_name));
  return result;
}

} // namespace

std::string event_file_name(const event_frame& event, uint64_t number) {
  auto text = std::to_string(number);
  text.insert(0, text.size() < digits ? digits - text.size() : 0, '0');
  return text + '_' + safe(event.event_type) + '_' + safe(event.event_id);
}

uint64_t event_file_number(std::string_view name) {
  uint64_t result = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), result);
  const auto size = static_cast<size_t>(end - name.data());
  const auto ours = error == std::errc{} && size >= digits && size < name.size() && *end == '_';
  return ours && name.ends_with(".json") ? result : 0;
}

result<void> event_files::open(const std::string& dir) {
  path_ = dir;
  if (::mkdir(dir.c_str(), S_IRWXU) != 0 && errno != EEXIST)
    return cannot_make(dir, errno);
  dir_.reset(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir_)
    return errno_failure("cannot open " + dir);
  if (::faccessat(dir_.get(), ".", W_OK, 0) != 0)
    return errno_failure("cannot write to " + dir);
  before_ = highest_number(dir_.get());
  return {};
}

result<void> event_files::write(const event_frame& event, std::string_view content) {
  auto temporary = ".cafbus-" + std::to_string(::getpid()) + ".tmp";
  unique_fd fd{::openat(dir_.get(), temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                        S_IRUSR | S_IWUSR)};
  auto code = fd && write_all(fd.get(), content) ? 0 : errno;
  fd.reset();
  auto name = event_file_name(event, before_ + event.seq);
  for (int i = 1; code == 0; ++i) {
    auto final_name = name + (i == 1 ? "" : '-' + std::to_string(i)) + ".json";
    code = rename_new(dir_.get(), temporary.c_str(), final_name.c_str());
    if (code == 0)
      return {};
    if (code == EEXIST && i < max_equal)
      code = 0;
  }
  ::unlinkat(dir_.get(), temporary.c_str(), 0);
  return errno_failure("cannot write " + path_ + '/' + name + ".json", code);
}

} // namespace cafbus
