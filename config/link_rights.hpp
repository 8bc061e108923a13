#pragma once
#include "base/result.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cafbus {

/// Some event types, or all.
struct type_filter {
  bool all = true;
  std::vector<std::string> types; ///< Sorted; of no meaning if it is all.

  bool admits(std::string_view type) const;
  bool operator==(const type_filter&) const = default;
};

/// What another bus may do, by the name in its certificate.
struct link_rights {
  type_filter read;    ///< What it may take from this bus.
  type_filter publish; ///< What it may bring to this bus.
  bool operator==(const link_rights&) const = default;
};

/// One value of the option `node-allow`: a name and its rights. `*` stands for all peers with accepted certificates.
///
///   hub.example.org                          everything
///   leaf read=im.message,im.chat             may take these two, and bring nothing
///   * read=* publish=sensor.reading
struct link_permit {
  std::string name;
  link_rights rights;
  bool operator==(const link_permit&) const = default;
};

result<link_permit> parse_link_permit(std::string_view text);

/// The rights of a peer with these names: those of the first permit for one of them, else of the permit for `*`.
/// @param permits Empty: every peer has all rights. @returns nothing if the peer may not link.
std::optional<link_rights> rights_of(std::span<const link_permit> permits, std::span<const std::string> names);

} // namespace cafbus
