#pragma once
#include "base/unique_fd.hpp"
#include "config/link_rights.hpp"
#include "config/node_place.hpp"
#include "config/options.hpp"
#include "io/links/tls.hpp"
#include "messages/link_actors.hpp"

#include <chrono>
#include <map>
#include <mutex>

namespace cafbus {

/// What links are made by. Immutable; any thread.
struct link_terms {
  std::shared_ptr<const tls_context> tls; ///< Null: links over TCP are not encrypted.
  std::vector<link_permit> permits;       ///< Empty: whoever has an accepted certificate may do everything.
  bool insecure = false;                  ///< Without TLS, TCP is used nevertheless.
};

/// Reads certificates and permits. Warns in the log of a certificate that expires soon. @pre check_node_options
result<link_terms_ptr> load_link_terms(const node_options& options);

/// The same certificates, and what the options permit now.
result<link_terms_ptr> with_permits(const link_terms& x, const node_options& options);

/// What everyone who starts such a bus must know: that others can read and write what passes its links. Empty: they
/// cannot.
std::string insecure_notice(const node_options& options);

/// How a connection to or from `place` is secured. Plain TCP is for terms that are insecure: see `check_node_options`.
link_transport transport_for(const node_place& place, const link_terms& terms);

/// When the log is to name a certificate that expires soon: once a day each. Bounded: where there are too many, some
/// are named more often. Any thread.
class expiry_reminders {
public:
  using time_point = std::chrono::system_clock::time_point;

  /// @param whose "own", or anything else for a peer's.
  bool is_due(const std::string& whose, const certificate_info& x, time_point now);

private:
  std::mutex mutex_;
  std::map<std::string, time_point> last_; // by certificate
};

/// Writes a line to the log, at most once a day, if a certificate expires within a week.
/// @param whose "own", or the peer's place.
void warn_of_expiry(const std::string& whose, const certificate_info& x);

/// The same for both ends of a link. @pre own.tls
void warn_of_expiry(const link_terms& own, const std::string& place, const certificate_info& peer);

} // namespace cafbus
