#pragma once
#include <sys/types.h>

#include <optional>

namespace cafbus::http {

/// The user whose process holds the other end of a TCP connection within this machine, by the kernel's word; none if it
/// cannot be told. Does not wait.
std::optional<uid_t> peer_user(int fd);

} // namespace cafbus::http
