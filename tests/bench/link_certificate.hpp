#pragma once
#include <string>

namespace cafbus::bench {

/// One for both ends of a link, which is its own authority, for the name "bench" and for loopback.
struct link_certificate {
  std::string certificate; ///< PEM file, and the one of the authority.
  std::string key;
};

/// Makes one in that folder, by the command openssl. Throws a bench_error.
link_certificate make_link_certificate(const std::string& dir);

} // namespace cafbus::bench
