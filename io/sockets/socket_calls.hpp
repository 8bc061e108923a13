#pragma once
#include "io/sockets/unix_socket.hpp"

#include <optional>
#include <span>
#include <string_view>
#include <sys/types.h>

namespace cafbus {

/// The system calls that brokers make beside CAF's own. A seam: under CAF's test multiplexer there is no real socket.
/// None of them blocks.
class socket_calls {
public:
  virtual ~socket_calls() = default;

  /// As ::send with MSG_DONTWAIT and MSG_NOSIGNAL. @returns bytes taken, or -1 with errno.
  virtual ssize_t send(int fd, const char* data, size_t size) = 0;

  /// The same with bytes from many places. At most IOV_MAX of them.
  virtual ssize_t send(int fd, std::span<const std::string_view> pieces) = 0;

  /// As ::recv with MSG_DONTWAIT. @returns bytes read, 0 at the end, or -1 with errno.
  virtual ssize_t receive(int fd, std::span<char> to) = 0;

  virtual std::optional<credentials> peer(int fd) = 0;

  /// Ends both directions: what the kernel has taken still reaches the peer, CAF's close does not wait for it to read.
  virtual void shut_down(int fd) = 0;

  /// Whether a connection waits to be accepted.
  virtual bool has_pending(int listening_fd) = 0;
};

/// The real ones. One object, no state, any thread.
socket_calls& system_socket_calls();

} // namespace cafbus
