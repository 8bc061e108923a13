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

/// One value of the option `node-allow`: who, and what. `*` is everybody whose certificate is accepted.
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

/// What whoever has these names may do: by the first permit for one of them, else by the one for `*`.
/// @param permits Empty: everybody may do everything. @returns nothing if it may not even link.
std::optional<link_rights> rights_of(std::span<const link_permit> permits, std::span<const std::string> names);

} // namespace cafbus
