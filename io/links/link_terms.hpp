#pragma once
#include "base/unique_fd.hpp"
#include "config/link_rights.hpp"
#include "config/node_place.hpp"
#include "config/options.hpp"
#include "io/links/tls.hpp"
#include "messages/link_actors.hpp"

namespace cafbus {

/// What links are made by. Immutable; any thread.
struct link_terms {
  std::shared_ptr<const tls_context> tls; ///< Null: links over TCP are not encrypted.
  std::vector<link_permit> permits;       ///< Empty: whoever has an accepted certificate may do everything.
  bool insecure = false;                  ///< Without TLS, TCP is used nevertheless.
};

/// Reads certificates and permits. Warns in the log of a certificate that expires soon.
result<link_terms_ptr> load_link_terms(const node_options& options);

/// What everyone who starts such a bus must know: that others can read and write what passes its links. Empty: they
/// cannot.
std::string insecure_notice(const node_options& options);

/// How a connection to or from `place` is secured; fails if the terms have no way to.
result<link_transport> transport_for(const node_place& place, const link_terms& terms);

/// Writes a line to the log if a certificate expires within a week. @param whose "own", or the peer's place.
void warn_of_expiry(const std::string& whose, const certificate_info& x);

} // namespace cafbus
