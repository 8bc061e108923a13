#pragma once
#include "base/unique_fd.hpp"
#include "config/host_port.hpp"

#include <atomic>
#include <chrono>
#include <string>
#include <variant>

/// TCP sockets, for links to other buses only. All are close-on-exec, and notice within `node_silence_timeout` that the
/// other machine is gone.
namespace cafbus {

struct tcp_socket {
  unique_fd fd;
  bool loopback = false; ///< The other end, or whoever may connect, is on this machine.
};

/// Listens; resolves the host first, which may block. @returns the socket, or an error text.
std::variant<tcp_socket, std::string> listen_tcp(const host_port& where);

/// Resolves, tries each address; blocks for at most `timeout`, and ends early once `abandoned` is set.
std::variant<tcp_socket, std::string> connect_tcp(const host_port& where, std::chrono::milliseconds timeout,
                                                  const std::atomic<bool>& abandoned);

/// For an accepted socket: small messages leave at once, a dead peer is noticed.
void tune_tcp(int fd);

} // namespace cafbus
