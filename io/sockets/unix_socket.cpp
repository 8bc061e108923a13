#include "io/sockets/unix_socket.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace cafbus {

namespace {

using clock = std::chrono::steady_clock;

/// Pause before a listener whose backlog is full is asked again; the kernel has no event for "there is room".
constexpr auto backlog_retry = std::chrono::milliseconds{5};

std::string error_text(int code) {
  return std::system_category().message(code);
}

std::optional<sockaddr_un> to_address(const std::string& path) {
  sockaddr_un result{};
  result.sun_family = AF_UNIX;
  // an empty path or one that starts with NUL would be a name outside of the file system, without permissions
  if (path.empty() || path.size() >= sizeof(result.sun_path) || path.find('\0') != std::string::npos)
    return std::nullopt;
  std::memcpy(result.sun_path, path.data(), path.size());
  return result;
}

std::string bad_path_text(const std::string& path) {
  return "a socket path must have 1 to " + std::to_string(sizeof(sockaddr_un::sun_path) - 1) +
         " characters and no NUL, this one has " + std::to_string(path.size());
}

unique_fd new_socket() {
  return unique_fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
}

/// Waits for the end of a connect() in progress. @returns its errno, or ETIMEDOUT.
int wait_connected(int fd, clock::time_point deadline) {
  for (;;) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now()).count();
    pollfd item{fd, POLLOUT, 0};
    int ready = ::poll(&item, 1, static_cast<int>(std::clamp<int64_t>(left, 0, 60'000)));
    if (ready < 0 && errno != EINTR)
      return errno;
    if (ready > 0) {
      int code = 0;
      socklen_t size = sizeof(code);
      return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno;
    }
    if (clock::now() >= deadline)
      return ETIMEDOUT;
  }
}

int connect_until(int fd, const sockaddr_un& address, clock::time_point deadline) {
  for (;;) {
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 || errno == EISCONN)
      return 0;
    if (errno == EINPROGRESS || errno == EALREADY || errno == EINTR)
      return wait_connected(fd, deadline);
    if (errno != EAGAIN)
      return errno;
    if (clock::now() >= deadline)
      return ETIMEDOUT;
    ::poll(nullptr, 0, static_cast<int>(backlog_retry.count()));
  }
}

} // namespace

std::variant<unique_fd, std::string> listen_unix(const std::string& path, int backlog) {
  auto address = to_address(path);
  if (!address)
    return bad_path_text(path);
  auto fd = new_socket();
  if (!fd)
    return "cannot make a socket: " + error_text(errno);
  // The umask belongs to the whole process, so it is left alone: Linux gives the file the mode that the socket has
  // when it is bound. chmod() after that serves kernels that do not, and umasks that take our own bits away.
  ::fchmod(fd.get(), S_IRUSR | S_IWUSR);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) != 0)
    return "cannot bind " + path + ": " + error_text(errno);
  if (::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0 || ::listen(fd.get(), backlog) != 0) {
    auto code = errno;
    ::unlink(path.c_str());
    return "cannot listen at " + path + ": " + error_text(code);
  }
  return fd;
}

std::variant<unique_fd, socket_error> connect_unix(const std::string& path, std::chrono::nanoseconds timeout) {
  auto address = to_address(path);
  if (!address)
    return socket_error{ENAMETOOLONG, bad_path_text(path)};
  auto fd = new_socket();
  if (!fd)
    return socket_error{errno, "cannot make a socket: " + error_text(errno)};
  // far from the clock's end, so that "as long as it takes" cannot overflow
  auto patience = std::clamp<std::chrono::nanoseconds>(timeout, {}, std::chrono::hours{24});
  if (auto code = connect_until(fd.get(), *address, clock::now() + patience); code != 0)
    return socket_error{code, "cannot connect to " + path + ": " + error_text(code)};
  return fd;
}

std::optional<credentials> peer_credentials(int fd) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return std::nullopt;
  return credentials{peer.pid, peer.uid, peer.gid};
}

} // namespace cafbus
