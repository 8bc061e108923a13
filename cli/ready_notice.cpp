#include "cli/ready_notice.hpp"

#include "base/text.hpp"
#include "cli/console.hpp"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace cafbus {

namespace {

/// Whether the file holds a process id and nothing else, as those that we make.
bool is_ready_file(const std::string& path) {
  unique_fd fd{::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  struct stat info {};
  std::array<char, 32> buffer;
  if (!fd || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode))
    return false;
  auto size = ::read(fd.get(), buffer.data(), buffer.size());
  if (size < 0 || static_cast<size_t>(size) == buffer.size())
    return false;
  auto text = trimmed({buffer.data(), static_cast<size_t>(size)});
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

result<unique_fd> take_descriptor(int fd) {
  if (fd <= STDERR_FILENO)
    return failure{failure_kind::invalid, "--ready-fd: 0, 1 and 2 are the standard descriptors; take 3 or more"};
  auto flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
    return failure{failure_kind::invalid, "--ready-fd: descriptor " + std::to_string(fd) + " is not open for writing"};
  if (pollfd item{fd, POLLOUT, 0}; ::poll(&item, 1, 0) > 0 && (item.revents & POLLERR) != 0)
    return failure{failure_kind::invalid, "--ready-fd: nobody reads from descriptor " + std::to_string(fd)};
  ::fcntl(fd, F_SETFD, FD_CLOEXEC); // commands that run on events must not hold it open
  return unique_fd{fd};
}

std::string beside(const std::string& path) {
  return path + '.' + std::to_string(::getpid());
}

/// A new file that takes the name of `path` when it is complete.
result<unique_fd> open_beside(const std::string& path) {
  unique_fd fd{::open(beside(path).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR)};
  if (!fd)
    return failure{kind_of_errno(errno), "--ready-file: " + cannot_make(path, errno).text};
  return fd;
}

/// Whether its folder takes the file, before anybody hears of us.
result<void> try_file(const std::string& path) {
  auto fd = open_beside(path);
  if (!fd)
    return fd.error();
  return ::unlink(beside(path).c_str()) == 0 ? result<void>{}
                                             : errno_failure("--ready-file: cannot remove " + beside(path));
}

result<void> remove_old_file(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0)
    return errno == ENOENT ? result<void>{} : errno_failure("--ready-file: cannot use " + path);
  if (!is_ready_file(path))
    return failure{failure_kind::refused,
                   "--ready-file: " + path + " exists and is not a ready file; name another path"};
  return ::unlink(path.c_str()) == 0 ? result<void>{} : errno_failure("--ready-file: cannot remove " + path);
}

} // namespace

ready_notice::ready_notice(ready_notice&& other) noexcept
  : fd_(std::move(other.fd_)), path_(std::move(other.path_)), made_(std::exchange(other.made_, false)) {}

ready_notice::~ready_notice() {
  if (made_)
    ::unlink(path_.c_str());
}

result<ready_notice> ready_notice::open(int fd, const std::string& path) {
  ready_notice made;
  if (fd >= 0) {
    auto taken = take_descriptor(fd);
    if (!taken)
      return taken.error();
    made.fd_ = std::move(*taken);
  }
  if (path.empty())
    return made;
  if (auto removed = remove_old_file(path); !removed)
    return removed.error();
  if (auto tried = try_file(path); !tried)
    return tried.error();
  made.path_ = path;
  return made;
}

result<void> ready_notice::tell() {
  if (fd_ && !write_all(fd_.get(), "ready\n"))
    return errno_failure("--ready-fd: cannot write to the descriptor");
  fd_.reset();
  if (path_.empty())
    return {};
  auto file = open_beside(path_);
  if (!file)
    return file.error();
  const auto temporary = beside(path_);
  if (!write_all(file->get(), std::to_string(::getpid()) + '\n') || ::rename(temporary.c_str(), path_.c_str()) != 0) {
    auto code = errno;
    ::unlink(temporary.c_str());
    return errno_failure("--ready-file: cannot write " + path_, code);
  }
  made_ = true;
  return {};
}

} // namespace cafbus
