#pragma once
#include <sys/types.h>

#include <optional>

namespace cafbus::http {

/// The user whose process holds the other end of a TCP connection within this machine, by the kernel's word. None if it
/// cannot be told: the peer is on another machine, or has closed its end already. Does not wait.
/// @pre Nothing has shut down our own end.
std::optional<uid_t> peer_user(int fd);

} // namespace cafbus::http
