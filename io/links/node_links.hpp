#pragma once
#include "actors/bus.hpp"
#include "base/unique_fd.hpp"
#include "config/options.hpp"
#include "io/daemon/own_file.hpp"
#include "io/links/link_terms.hpp"

#include <caf/fwd.hpp>

/// What a daemon needs to be linked with other buses.
namespace cafbus {

/// Where this bus takes its events from: another bus.
struct node_source {
  std::string name; ///< In status: node:PLACE.
  node_place place;
};

/// Everything about links that is checked or taken before the first actor is there.
struct prepared_links {
  link_terms_ptr terms;
  unique_fd listening;  ///< Where other buses connect; none if they may not.
  own_file socket_file; ///< The same, if it is a Unix socket.
  node_place place;     ///< The same.
};

/// Checks the options and opens the socket where other buses may connect, if that is asked for. May block while a name
/// is looked up.
result<prepared_links> prepare_links(const node_options& options, const std::vector<node_source>& sources);

/// The links of one daemon.
class node_links {
public:
  /// Tells the bus until when its certificate is valid.
  node_links(caf::actor_system& system, bus_parts parts, const bus_options& options, link_terms_ptr terms);

  /// Opens the bus to others. @param descriptors For their connections.
  void listen(prepared_links& x, uint32_t descriptors);

  /// Spawns a source that is another bus. @param seed Of the jitter between attempts.
  source_actor spawn_source(const node_source& x, uint64_t seed);

  /// Whether the links that there are can have these options.
  result<void> check(node_options options) const;

  /// New certificates and rights, for every connection from now on. @returns what is wrong: with the options, then all
  /// stays as it was; or with the certificates, then the old ones stay, but the rights are the new ones.
  result<void> reload(const node_options& options);

private:
  void tell_certificate() const;

  caf::actor_system& system_;
  bus_parts parts_;
  bus_options options_;
  link_terms_ptr terms_;
  std::vector<caf::actor> told_; // of new terms
  std::vector<node_place> places_;
};

} // namespace cafbus
