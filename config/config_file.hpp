#pragma once
#include "base/result.hpp"
#include "config/paths.hpp"

#include <string>
#include <string_view>
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
/// quotes, where `\"` and `\\` are escapes and `#` is nothing special. Knows no keys. The text is UTF-8, with or
/// without a byte order mark.
/// @param name Of the file, for the error text.
result<std::vector<config_entry>> parse_config(std::string_view text, const std::string& name);

/// A config file's path and entries; both empty if there is none.
struct config_file {
  std::string path;
  std::vector<config_entry> entries;
};

/// Reads the first that exists of `$CAFBUS_CONFIG` (which must), `$XDG_CONFIG_HOME/cafbus/cafbus.conf` (else below
/// `~/.config`) and `/etc/cafbus.conf`.
result<config_file> read_config(const environment& env);

} // namespace cafbus
