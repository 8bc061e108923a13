#pragma once
#include <cstdint>

namespace cafbus {

/// What the bytes of a link travel in.
enum class link_transport : uint8_t {
  none, ///< Within this process, or not connected.
  tls,
  unix_socket, ///< The peer is a process of our user on this machine.
  plain,       ///< TCP that anybody on the way can read and change; only with `insecure-network`.
  caf,         ///< Messages between CAF nodes, which trust each other.
};
const char* to_string(link_transport x) noexcept;

} // namespace cafbus
