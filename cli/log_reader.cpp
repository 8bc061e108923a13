#include "cli/log_reader.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

// The writer moves names from file to file while we read, so a file is known by its inode, and all of them are opened
// before any is read: the youngest first, so that one that is rotated meanwhile is met twice instead of never.

namespace cafbus {

namespace {

bool is_same_file(int a, int b) {
  struct stat one {
  }, other{};
  return ::fstat(a, &one) == 0 && ::fstat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/// From where the last read ended.
void append_rest(std::string& text, int fd) {
  struct stat info {};
  if (::fstat(fd, &info) == 0 && info.st_size < ::lseek(fd, 0, SEEK_CUR))
    ::lseek(fd, 0, SEEK_SET); // somebody has emptied it
  std::array<char, 64 * 1'024> buffer;
  for (;;) {
    auto n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return;
    text.append(buffer.data(), static_cast<size_t>(n));
  }
}

void keep_last_lines(std::string& text, uint64_t lines) {
  auto begin = text.size();
  for (; lines > 0 && begin > 0; --lines) {
    auto end = begin < 2 ? std::string::npos : text.rfind('\n', begin - 2);
    begin = end == std::string::npos ? 0 : end + 1;
  }
  text.erase(0, begin);
}

} // namespace

std::vector<unique_fd> log_reader::younger_files() const {
  std::vector<unique_fd> result;
  for (size_t i = 0; i <= kept_; ++i) {
    auto name = i == 0 ? path_ : path_ + '.' + std::to_string(i);
    unique_fd fd{::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)};
    if (!fd) {
      if (i == 0)
        return {}; // none yet, or between two names
      continue;
    }
    if (fd_ && is_same_file(fd.get(), fd_.get()))
      return result;
    auto known = [&](const unique_fd& x) { return is_same_file(x.get(), fd.get()); };
    if (std::ranges::none_of(result, known))
      result.push_back(std::move(fd));
  }
  if (fd_) // ours was moved away by somebody else: those with numbers are older
    result.resize(std::min<size_t>(1, result.size()));
  return result;
}

result<std::string> log_reader::so_far(std::optional<uint64_t> lines) {
  auto files = younger_files();
  if (files.empty())
    return errno_failure("cannot read the log " + path_);
  std::string text;
  for (auto i = files.rbegin(); i != files.rend(); ++i)
    append_rest(text, i->get());
  fd_ = std::move(files.front());
  if (lines)
    keep_last_lines(text, *lines);
  return text;
}

std::string log_reader::more() {
  auto files = younger_files();
  std::string text;
  if (fd_) // after the look: what comes between stands in a file that the next look finds
    append_rest(text, fd_.get());
  for (auto i = files.rbegin(); i != files.rend(); ++i)
    append_rest(text, i->get());
  if (!files.empty())
    fd_ = std::move(files.front());
  return text;
}

} // namespace cafbus
