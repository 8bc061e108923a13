#include "io/sockets/unix_socket.hpp"

#include "base/deadline.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace cafbus {

namespace {

/// Pause before a listener whose backlog is full is asked again; the kernel has no event for "there is room".
constexpr auto backlog_retry = std::chrono::milliseconds{5};

/// Time for a listener to take a connection: only whether there is one counts.
constexpr auto probe_timeout = std::chrono::milliseconds{100};

/// Time for those who want to listen at the same path to have had their turns, and pause between two looks.
constexpr auto turn_timeout = std::chrono::milliseconds{900};
constexpr auto turn_suffix = ".cafbus-starting"; // a name that nobody else has a file of
constexpr auto turn_retry = std::chrono::milliseconds{5};

std::optional<sockaddr_un> to_address(const std::string& path) {
  sockaddr_un result{};
  result.sun_family = AF_UNIX;
  // an empty path or one that starts with NUL would be a name outside of the file system, without permissions
  if (path.empty() || path.size() >= sizeof(result.sun_path) || path.find('\0') != std::string::npos)
    return std::nullopt;
  std::memcpy(result.sun_path, path.data(), path.size());
  return result;
}

failure bad_path(const std::string& path) {
  return {failure_kind::invalid, "a socket path must have 1 to " + std::to_string(sizeof(sockaddr_un::sun_path) - 1) +
                                     " characters and no NUL, this one has " + std::to_string(path.size())};
}

unique_fd new_socket() {
  return unique_fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
}

/// Waits for the end of a connect() in progress. @returns its errno, or ETIMEDOUT.
int wait_connected(int fd, const deadline& until) {
  auto events = wait_for(fd, POLLOUT, until);
  if (events <= 0)
    return events == 0 ? ETIMEDOUT : errno;
  int code = 0;
  socklen_t size = sizeof(code);
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno;
}

/// @returns 0 or an errno.
int connect_until(int fd, const sockaddr_un& address, const deadline& until) {
  for (;;) {
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 || errno == EISCONN)
      return 0;
    if (errno == EINPROGRESS || errno == EALREADY || errno == EINTR)
      return wait_connected(fd, until);
    if (errno != EAGAIN)
      return errno;
    if (until.is_over())
      return ETIMEDOUT;
    sleep_for(backlog_retry);
  }
}

bool is_at(const std::string& path, int fd) {
  struct stat open {};
  struct stat there {};
  return ::fstat(fd, &open) == 0 && ::lstat(path.c_str(), &there) == 0 && open.st_dev == there.st_dev &&
         open.st_ino == there.st_ino;
}

/// A locked file that is there only as long as this; its name is known to all who take turns.
class turn_file {
public:
  static result<turn_file> take(const std::string& path) {
    const deadline until{turn_timeout};
    for (;;) {
      unique_fd fd{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR)};
      if (!fd)
        return errno_failure("cannot make " + path);
      if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
          return errno_failure("cannot lock " + path);
        if (until.is_over())
          return failure{failure_kind::refused, "somebody holds " + path + "; another bus starts there"};
        sleep_for(turn_retry);
      } else if (is_at(path, fd.get())) { // not one that its last holder has removed
        return turn_file{path, std::move(fd)};
      }
    }
  }

  turn_file(turn_file&&) noexcept = default;
  turn_file& operator=(turn_file&&) = delete;
  ~turn_file() {
    if (fd_)
      ::unlink(path_.c_str());
  }

private:
  turn_file(std::string path, unique_fd fd) : path_{std::move(path)}, fd_{std::move(fd)} {}
  std::string path_;
  unique_fd fd_;
};

result<void> remove_leftover(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0)
    return {};
  if (!S_ISSOCK(info.st_mode))
    return failure{failure_kind::invalid, path + " exists and is not a socket; remove it or choose another path"};
  const auto probe = connect_unix(path, probe_timeout);
  if (probe || probe.error().kind == failure_kind::timed_out)
    return failure{failure_kind::refused, "somebody already listens at " + path + "; stop it or choose another path"};
  if (probe.error().kind != failure_kind::not_found) // it cannot be told
    return probe.error();
  ::unlink(path.c_str());
  return {};
}

} // namespace

result<unique_fd> listen_unix(const std::string& path, int backlog) {
  auto address = to_address(path);
  if (!address)
    return bad_path(path);
  auto fd = new_socket();
  if (!fd)
    return errno_failure("cannot make a socket");
  // The umask belongs to the whole process, so it is left alone: Linux gives the file the mode that the socket has
  // when it is bound. chmod() after that serves kernels that do not, and umasks that take our own bits away.
  ::fchmod(fd.get(), S_IRUSR | S_IWUSR);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) != 0)
    return errno_failure("cannot bind " + path);
  if (::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0 || ::listen(fd.get(), backlog) != 0) {
    auto why = errno_failure("cannot listen at " + path);
    ::unlink(path.c_str());
    return why;
  }
  return fd;
}

result<unique_fd> listen_unix_anew(const std::string& path, int backlog) {
  if (!to_address(path))
    return bad_path(path);
  const auto turn = turn_file::take(path + turn_suffix);
  if (!turn)
    return failure{turn.error().kind, "cannot listen at " + path + ": " + turn.error().text};
  if (auto removed = remove_leftover(path); !removed)
    return removed.error();
  return listen_unix(path, backlog);
}

result<unique_fd> connect_unix(const std::string& path, std::chrono::nanoseconds timeout) {
  auto address = to_address(path);
  if (!address)
    return bad_path(path);
  auto fd = new_socket();
  if (!fd)
    return errno_failure("cannot make a socket");
  auto code = connect_until(fd.get(), *address, deadline{timeout});
  if (code == 0)
    return fd;
  auto why = errno_failure("cannot connect to " + path, code);
  if (code == ECONNREFUSED) // a file that a dead listener has left
    why.kind = failure_kind::not_found;
  return why;
}

std::optional<credentials> peer_credentials(int fd) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return std::nullopt;
  return credentials{peer.pid, peer.uid, peer.gid};
}

} // namespace cafbus
