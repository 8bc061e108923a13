#pragma once
#include "actors/bus.hpp"
#include "base/result.hpp"
#include "config/node_options.hpp"

#include <caf/fwd.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace cafbus {

class node_links;

struct link_setup {
  /// Other buses that events are asked of, and only such events as somebody here wants: HOST:PORT or NAME@HOST:PORT,
  /// whose certificate must be of HOST or NAME, or unix:PATH for a bus of the same user. They count as sources in
  /// status, named node:PLACE; while one is away, it is tried again.
  std::vector<std::string> from = {};
  node_options terms = {};
  /// Of other buses at once, where `terms.listen` lets them connect; at least 1. The last quarter is kept from a
  /// certificate that has as many already.
  uint32_t connections = 64;
};

/// The links of a bus that this program has linked. They live as long as the bus, whether or not this does.
class bus_links {
public:
  explicit bus_links(std::unique_ptr<node_links> links);
  ~bus_links();
  bus_links(bus_links&&) noexcept;
  bus_links& operator=(bus_links&&) noexcept;

  /// Reads the certificates again and takes new rights, for every connection from now on. `listen` stays as it is.
  /// @returns what is wrong: with the terms, then all stays as it was; or with the files of the certificates, then the
  /// old ones stay, but the rights are the new ones.
  result<void> reload(const node_options& terms);

private:
  std::unique_ptr<node_links> links_;
};

/// Links a bus with others, as `cafbus serve --source node:PLACE --node-listen PLACE` does; config/OPERATIONS.md says
/// what links keep and lose. Links between users or machines need TLS, which is in the library `cafbus::links_tls`
/// alone, with OpenSSL; `cafbus::links` links over Unix sockets, and over TCP only where `insecure` says so.
///
///   auto links = cafbus::add_links(system, bus.parts(), options, {.from = {"unix:/run/user/1000/other.sock"}});
///
/// @param options Those that the bus was spawned with. @param system Outlives the result.
/// @returns what is wrong, and then links nothing: also if the system has not loaded CAF's I/O module, the bus has
/// ended, a certificate cannot be used, or nobody can listen there. May block while a name is looked up.
result<bus_links> add_links(caf::actor_system& system, const bus_parts& parts, const bus_options& options,
                            const link_setup& setup);

} // namespace cafbus
