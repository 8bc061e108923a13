#include "io/sockets/socket_calls.hpp"

#include <algorithm>
#include <array>
#include <climits>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace cafbus {

namespace {

class real_calls final : public socket_calls {
public:
  ssize_t send(int fd, const char* data, size_t size) override {
    return ::send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  ssize_t send(int fd, std::span<const std::string_view> pieces) override {
    std::array<iovec, IOV_MAX> parts;
    const auto count = std::min(pieces.size(), parts.size());
    for (size_t i = 0; i < count; ++i)
      parts[i] = {const_cast<char*>(pieces[i].data()), pieces[i].size()}; // sendmsg does not write there
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    return ::sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  ssize_t receive(int fd, std::span<char> to) override { return ::recv(fd, to.data(), to.size(), MSG_DONTWAIT); }
  std::optional<credentials> peer(int fd) override { return peer_credentials(fd); }
  void shut_down(int fd) override { ::shutdown(fd, SHUT_RDWR); }
  bool has_pending(int listening_fd) override {
    pollfd x{listening_fd, POLLIN, 0};
    return ::poll(&x, 1, 0) > 0;
  }
};

} // namespace

socket_calls& system_socket_calls() {
  static real_calls calls;
  return calls;
}

} // namespace cafbus
