#include "io/socket_calls.hpp"

#include <poll.h>
#include <sys/socket.h>

namespace cafbus {

namespace {

class real_calls final : public socket_calls {
public:
  ssize_t send(int fd, const char* data, size_t size) override {
    return ::send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
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
