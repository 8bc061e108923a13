#pragma once
#include "base/result.hpp"
#include "config/host_port.hpp"

namespace cafbus {

/// Where another bus is, or where this one listens for others.
///
///   hub.example.org:4000      TCP; the certificate there must be of hub.example.org
///   hub@10.0.0.5:4000         TCP; the certificate there must be of hub
///   unix:/run/bus/link.sock   a Unix socket of the same user
struct node_place {
  std::string name; ///< That the certificate must have.
  host_port where;  ///< No host: it is a Unix socket.
  std::string path;

  bool is_unix() const noexcept { return !path.empty(); }
  bool operator==(const node_place&) const = default;
};

result<node_place> parse_node_place(std::string_view text);

} // namespace cafbus
