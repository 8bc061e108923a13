#pragma once
#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

/// Unix stream sockets: the only kind of connection that the bus has. Every socket made here is close-on-exec and
/// non-blocking.
namespace cafbus {

/// Listens at `path`, which gets mode 0600 whatever the umask. Never removes what is there already: only the holder of
/// the bus's lock can tell whether a socket file is left over.
/// @param backlog Connections that the kernel keeps until they are accepted.
result<unique_fd> listen_unix(const std::string& path, int backlog);

/// For a place that no lock guards: the same, but in place of a socket file at which no process listens. Of several
/// that do so at once, in whatever processes, one gets the place; they take turns by a file PATH.cafbus-starting, which
/// is there meanwhile only. Blocks for a second at most. Fails if a process listens there, what is there is not a
/// socket, or that cannot be told.
result<unique_fd> listen_unix_anew(const std::string& path, int backlog);

/// Connects to `path`. A listener whose backlog is full is asked again until `timeout` is over. Fails with `not_found`
/// if no process listens there, whether or not there is a socket file.
result<unique_fd> connect_unix(const std::string& path, std::chrono::nanoseconds timeout);

/// Who is at the other end, by the kernel's word: the process that called connect() or listen().
struct credentials {
  pid_t pid = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  bool operator==(const credentials&) const = default;
};
std::optional<credentials> peer_credentials(int fd);

} // namespace cafbus
