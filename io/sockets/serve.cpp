#include "io/sockets/serve.hpp"

#include "io/sockets/socket_broker.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <caf/actor_system.hpp>

namespace cafbus {

namespace {

/// Time for a listener to take a connection: only whether there is one counts.
constexpr auto probe_timeout = std::chrono::milliseconds{100};

/// Removes a socket file that no process listens at.
result<void> remove_leftover(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0)
    return {};
  if (!S_ISSOCK(info.st_mode))
    return failure{failure_kind::invalid, path + " exists and is not a socket; remove it or choose another path"};
  if (auto probe = connect_unix(path, probe_timeout); probe || probe.error().kind != failure_kind::not_found)
    return failure{failure_kind::refused,
                   "another process already listens at " + path + "; stop it or choose another path"};
  ::unlink(path.c_str());
  return {};
}

} // namespace

result<void> serve(caf::actor_system& system, const bus_parts& parts, const bus_options& options) {
  if (!system.has_middleman())
    return failure{failure_kind::invalid,
                   "the actor system has no I/O module; `load<caf::io::middleman>()` in its configuration"};
  if (auto removed = remove_leftover(options.socket); !removed)
    return removed;
  auto listening = listen_unix(options.socket, defaults::listen_backlog);
  if (!listening)
    return listening.error();
  spawn_socket_broker(system, parts, options, std::move(*listening), own_file{options.socket});
  return {};
}

} // namespace cafbus
