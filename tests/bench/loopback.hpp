#pragma once
#include "base/unique_fd.hpp"

#include <cstdint>

namespace cafbus::bench {

/// TCP on 127.0.0.1, without Nagle's delay; null if nobody listens there.
unique_fd connect_loopback(uint16_t port);

/// @param port 0: any. Throws a bench_error.
unique_fd listen_loopback(uint16_t port);
uint16_t port_of(int fd);

/// A port of loopback that nobody has at the moment.
uint16_t free_port();

/// No delay by Nagle.
void send_at_once(int fd);

} // namespace cafbus::bench
