#include "config/log_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

// Why not spdlog's rotating_file_sink: when it cannot open the new file in the middle of a rotation (no descriptors
// left, which is when a daemon's log matters most), its next write goes to a null FILE and the process dies. It also
// opens its files with the umask's mode and inheritable by children. So the new file is opened first here, and only
// then do the names move.

namespace cafbus::log {

namespace {

/// @returns the file, or nothing, with errno.
unique_fd open_private(const std::string& path, int flags) {
  // O_NONBLOCK: a FIFO in this place must fail the check below instead of blocking us
  unique_fd fd{::open(path.c_str(),
                      O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags,
                      S_IRUSR | S_IWUSR)};
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0)
    return {};
  if (S_ISREG(info.st_mode) && ::fchmod(fd.get(), S_IRUSR | S_IWUSR) == 0)
    return fd;
  auto code = S_ISREG(info.st_mode) ? errno : EINVAL;
  fd.reset();
  errno = code;
  return {};
}

} // namespace

log_file::log_file(std::string path, size_t max_bytes, size_t kept)
  : path_(std::move(path)), max_bytes_(max_bytes), kept_(kept) {}

result<void> log_file::open() {
  auto fd = open_private(path_, 0);
  if (!fd)
    return errno_failure("cannot open the log file " + path_);
  fd_ = std::move(fd);
  struct stat info {};
  if (::fstat(fd_.get(), &info) == 0)
    size_ = static_cast<size_t>(info.st_size);
  return {};
}

void log_file::write(std::string_view line) {
  if (size_ > 0 && size_ + line.size() > max_bytes_ && !rotate() && size_ + line.size() > 2 * max_bytes_)
    return; // bounded, even if it can never be rotated
  while (!line.empty()) {
    auto n = ::write(fd_.get(), line.data(), line.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return;
    size_ += static_cast<size_t>(n);
    line.remove_prefix(static_cast<size_t>(n));
  }
}

bool log_file::rotate() {
  auto numbered = [this](size_t i) { return i == 0 ? path_ : path_ + '.' + std::to_string(i); };
  auto fresh = path_ + ".new";
  auto fd = open_private(fresh, O_TRUNC);
  if (!fd)
    return false;
  for (auto i = kept_; i > 0; --i)
    std::rename(numbered(i - 1).c_str(), numbered(i).c_str()); // one that is not there yet is no error
  if (std::rename(fresh.c_str(), path_.c_str()) != 0)
    return false;
  fd_ = std::move(fd);
  size_ = 0;
  return true;
}

} // namespace cafbus::log
