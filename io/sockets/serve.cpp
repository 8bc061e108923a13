#include "io/sockets/serve.hpp"

#include "io/sockets/socket_broker.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <caf/actor_system.hpp>
#include <cerrno>

namespace cafbus {

namespace {

/// Time for a listener to take a connection: only whether there is one counts.
constexpr auto probe_timeout = std::chrono::milliseconds{100};

/// Removes a socket file at which nobody listens.
std::string remove_leftover(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0)
    return {};
  if (!S_ISSOCK(info.st_mode))
    return path + " exists and is no socket; remove it or choose another path";
  auto probe = connect_unix(path, probe_timeout);
  auto* error = std::get_if<socket_error>(&probe);
  if (!error || error->code != ECONNREFUSED)
    return "somebody listens at " + path + " already; stop that or choose another path";
  ::unlink(path.c_str());
  return {};
}

} // namespace

std::string serve(caf::actor_system& system, const bus_parts& parts, const bus_options& options) {
  if (!system.has_middleman())
    return "the actor system has no I/O module; `load<caf::io::middleman>()` in its configuration";
  if (auto error = remove_leftover(options.socket); !error.empty())
    return error;
  auto listening = listen_unix(options.socket, defaults::listen_backlog);
  if (auto* error = std::get_if<std::string>(&listening))
    return *error;
  serve_socket(system, parts, options, std::move(std::get<unique_fd>(listening)));
  return {};
}

} // namespace cafbus
