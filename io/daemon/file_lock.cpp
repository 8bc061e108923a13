#include "io/daemon/file_lock.hpp"

#include "base/deadline.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace cafbus {

namespace {

/// A whole file, as record locks say it.
struct flock whole_file() {
  struct flock result {};
  result.l_type = F_WRLCK;
  result.l_whence = SEEK_SET;
  return result;
}

/// The process that holds the record lock. @returns nothing if there is none.
std::optional<pid_t> record_holder(int fd) {
  auto x = whole_file();
  if (::fcntl(fd, F_GETLK, &x) != 0 || x.l_type == F_UNLCK)
    return std::nullopt;
  return x.l_pid > 0 ? x.l_pid : 0;
}

std::string first_line(int fd) {
  char buffer[256];
  auto n = ::pread(fd, buffer, sizeof(buffer), 0);
  std::string result{buffer, static_cast<size_t>(n > 0 ? n : 0)};
  return result.substr(0, result.find('\n'));
}

} // namespace

result<std::optional<file_lock>> file_lock::try_take(const std::string& path, std::chrono::milliseconds patience) {
  using outcome = result<std::optional<file_lock>>;
  auto failed = [&path]() -> outcome { return errno_failure("cannot lock " + path); };
  unique_fd fd{::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!fd)
    return failed();
  ::fchmod(fd.get(), S_IRUSR | S_IWUSR); // one that is left from elsewhere may be readable by others
  for (const deadline until{patience}; ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0;) {
    if (errno != EWOULDBLOCK)
      return failed();
    if (record_holder(fd.get()) || until.is_over())
      return std::nullopt;
    sleep_for(std::chrono::milliseconds{1});
  }
  auto x = whole_file();
  if (::fcntl(fd.get(), F_SETLK, &x) != 0)
    return errno == EACCES || errno == EAGAIN ? outcome{std::nullopt} : failed();
  return std::optional{file_lock{std::move(fd)}};
}

void file_lock::note(const std::string& text) const {
  auto line = text + '\n';
  if (::pwrite(fd_.get(), line.data(), line.size(), 0) == static_cast<ssize_t>(line.size())) [[maybe_unused]]
    auto cut = ::ftruncate(fd_.get(), static_cast<off_t>(line.size()));
}

std::optional<lock_holder> find_lock_holder(const std::string& path) {
  unique_fd fd{::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)};
  if (!fd)
    return std::nullopt;
  if (auto pid = record_holder(fd.get()))
    return lock_holder{*pid, first_line(fd.get())};
  if (::flock(fd.get(), LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK)
    return std::nullopt;
  // taken between the two questions, or by somebody who takes no record lock
  return lock_holder{record_holder(fd.get()).value_or(0), first_line(fd.get())};
}

} // namespace cafbus
