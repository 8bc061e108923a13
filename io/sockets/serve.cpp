#include "io/sockets/serve.hpp"

#include "io/sockets/socket_broker.hpp"

#include <caf/actor_system.hpp>

namespace cafbus {

result<void> serve(caf::actor_system& system, const bus_parts& parts, const bus_options& options) {
  if (!system.has_middleman())
    return failure{failure_kind::invalid,
                   "the actor system has no I/O module; `load<caf::io::middleman>()` in its configuration"};
  if (has_ended(parts.bus))
    return failure{failure_kind::stopping, "the bus has ended"};
  if (auto removed = remove_leftover_socket(options.socket); !removed)
    return removed;
  auto listening = listen_unix(options.socket, defaults::listen_backlog);
  if (!listening)
    return listening.error();
  spawn_socket_broker(system, parts, options, std::move(*listening), own_file{options.socket});
  return {};
}

} // namespace cafbus
