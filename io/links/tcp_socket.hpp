#pragma once
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "config/host_port.hpp"

#include <atomic>
#include <chrono>

/// TCP sockets, for links to other buses only. All are close-on-exec.
namespace cafbus {

/// Listens; resolves the host first, which may block.
result<unique_fd> listen_tcp(const host_port& where, int backlog);

/// Resolves, tries each address; blocks for at most `timeout`, and ends early once `abandoned` is set.
result<unique_fd> connect_tcp(const host_port& where, std::chrono::milliseconds timeout,
                              const std::atomic<bool>& abandoned);

/// For an accepted socket: small messages leave at once, a dead peer is noticed.
void tune_tcp(int fd);

/// ADDRESS:PORT at the other end, "unknown" if there is none.
std::string address_of_peer(int fd);

} // namespace cafbus
