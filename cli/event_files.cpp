#include "cli/event_files.hpp"

#include "cli/console.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace cafbus {

namespace {

constexpr size_t max_part = 80;  // of type and id, so that the name stays below the 255 bytes of file systems
constexpr int max_equal = 1'000; // files that differ in nothing but their last number

std::string error_text(int code) {
  return std::system_category().message(code);
}

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

} // namespace

std::string event_file_name(const event_frame& event) {
  auto number = std::to_string(event.seq);
  number.insert(0, number.size() < 12 ? 12 - number.size() : 0, '0');
  return number + '_' + safe(event.event_type) + '_' + safe(event.event_id);
}

std::string event_files::open(const std::string& dir) {
  path_ = dir;
  if (::mkdir(dir.c_str(), S_IRWXU) != 0 && errno != EEXIST)
    return "cannot create " + dir + ": " + error_text(errno);
  dir_.reset(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir_)
    return "cannot open " + dir + ": " + error_text(errno);
  if (::faccessat(dir_.get(), ".", W_OK, 0) != 0)
    return "cannot write to " + dir + ": " + error_text(errno);
  return {};
}

std::string event_files::write(const event_frame& event, std::string_view content) {
  auto temporary = ".cafbus-" + std::to_string(::getpid()) + ".tmp";
  unique_fd fd{::openat(dir_.get(), temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                        S_IRUSR | S_IWUSR)};
  auto code = fd && write_all(fd.get(), content) && write_all(fd.get(), "\n") ? 0 : errno;
  fd.reset();
  auto name = event_file_name(event);
  for (int i = 1; code == 0; ++i) {
    auto final_name = name + (i == 1 ? "" : '-' + std::to_string(i)) + ".json";
    code = rename_new(dir_.get(), temporary.c_str(), final_name.c_str());
    if (code == 0)
      return {};
    if (code == EEXIST && i < max_equal)
      code = 0;
  }
  ::unlinkat(dir_.get(), temporary.c_str(), 0);
  return "cannot write " + path_ + '/' + name + ".json: " + error_text(code);
}

} // namespace cafbus
