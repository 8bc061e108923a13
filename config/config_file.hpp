#pragma once
#include "config/paths.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace cafbus {

/// One `key = value` line of a config file.
struct config_entry {
  std::string key;
  std::string value; ///< Without its quotes.
  size_t line = 0;
  bool operator==(const config_entry&) const = default;
};

/// Reads `key = value` lines; `#` begins a comment at the start of a line or after a blank; a value may stand in double
/// quotes, where `\"` and `\\` are escapes and `#` is nothing special. Knows no keys.
/// @param name Of the file, for the error text.
std::variant<std::vector<config_entry>, std::string> parse_config(std::string_view text, const std::string& name);

/// A config file's path and entries; both empty if there is none.
struct config_file {
  std::string path;
  std::vector<config_entry> entries;
};

/// Reads the first of `$CAFBUS_CONFIG` (which must exist), `$XDG_CONFIG_HOME/cafbus/cafbus.conf` (else in `~/.config`)
/// and
/// `/etc/cafbus.conf`.
std::variant<config_file, std::string> read_config(const environment& env);

} // namespace cafbus
