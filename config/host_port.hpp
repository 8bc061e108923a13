#pragma once
#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace cafbus {

/// A place in the network: `HOST:PORT`, with an IPv6 address in brackets: `[::1]:4000`.
struct host_port {
  std::string host; ///< A name or an address, without brackets.
  uint16_t port = 0;
  bool operator==(const host_port&) const = default;
};

result<host_port> parse_host_port(std::string_view text);

} // namespace cafbus
