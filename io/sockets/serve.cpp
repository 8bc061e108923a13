#include "io/sockets/serve.hpp"

#include "io/sockets/socket_broker.hpp"

#include <caf/actor_system.hpp>

namespace cafbus {

result<void> serve(caf::actor_system& system, const bus_parts& parts, const bus_options& options) {
  if (auto checked = check_door(system, parts.bus); !checked)
    return checked.error();
  auto listening = listen_unix_anew(options.socket, defaults::listen_backlog);
  if (!listening)
    return listening.error();
  spawn_socket_broker(system, parts, options, std::move(*listening), own_file{options.socket});
  return {};
}

} // namespace cafbus
