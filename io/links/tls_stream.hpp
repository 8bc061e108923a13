#pragma once
#include "base/unique_fd.hpp"
#include "config/options.hpp"

#include <caf/fwd.hpp>
#include <caf/io/scribe.hpp>
#include <memory>
#include <string>

namespace cafbus {

/// What is wrong with the files for TLS: not readable, no certificate, another key's, expired. Empty: nothing.
std::string check_tls_files(const node_options& options);

/// Why a connection with TLS did not come to be; empty while it has not failed. Written on the multiplexer's thread,
/// before CAF tells anyone that the connection is gone.
using tls_failure = std::shared_ptr<std::string>;

/// A connected socket, which it takes over, as a CAF scribe with mutual TLS by CAF's OpenSSL module. A handshake that
/// fails is logged and kept in `failure`.
/// @param accepted Whether this is the side that listens.
/// @returns null if OpenSSL cannot make a session, e.g. since the files are gone; `failure` says why.
/// @pre the system has CAF's OpenSSL module.
caf::io::scribe_ptr make_tls_scribe(caf::actor_system& system, unique_fd fd, bool accepted, tls_failure failure);

} // namespace cafbus
