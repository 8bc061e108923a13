#include "cli/output.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace cafbus {

output::output() {
  struct stat info {};
  if (::fstat(STDOUT_FILENO, &info) != 0)
    info = {};
  is_socket_ = S_ISSOCK(info.st_mode);
  auto can_block = S_ISFIFO(info.st_mode) || S_ISCHR(info.st_mode);
  if (can_block)
    fd_.reset(::open("/proc/self/fd/1", O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  // A file that is opened again starts at its beginning; a terminal of another user cannot be opened again at all.
  if (!fd_) {
    fd_.reset(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
    may_block_ = can_block;
  }
}

uint64_t output::pending_events() const noexcept {
  return static_cast<uint64_t>(ends_.end() - std::ranges::upper_bound(ends_, written_));
}

long output::write_some(std::string_view bytes) const {
  if (is_socket_)
    return ::send(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (may_block_) {
    // poll() promises room for this much
    pollfd item{fd_.get(), POLLOUT, 0};
    if (::poll(&item, 1, 0) == 0) {
      errno = EAGAIN;
      return -1;
    }
    bytes = bytes.substr(0, PIPE_BUF);
  }
  return ::write(fd_.get(), bytes.data(), bytes.size());
}

output::state output::flush() {
  while (pending() != 0) {
    auto n = write_some(std::string_view{waiting_}.substr(written_));
    if (n >= 0) {
      written_ += static_cast<size_t>(n);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return state::good;
    } else if (errno != EINTR) {
      error_ = errno;
      return error_ == EPIPE || error_ == ECONNRESET ? state::closed : state::failed;
    }
  }
  waiting_.clear();
  ends_.clear();
  written_ = 0;
  return state::good;
}

} // namespace cafbus
