#pragma once
#include <string>
#include <string_view>
#include <variant>

namespace cafbus {

/// What `--source` says.
struct source_spec {
  enum class kind : uint8_t {
    standard_input, ///< `stdin`: events until end of input, then the bus stops.
    exec,           ///< `exec:COMMAND`: events on the command's standard output; restarted when it ends.
  };
  kind what = kind::standard_input;
  std::string argument; ///< The command, for /bin/sh.
  std::string name;     ///< As in status: the specification as it was given, cut to a readable length.
};

/// @returns the specification, or an error text that says what there is.
std::variant<source_spec, std::string> parse_source_spec(std::string_view text);

} // namespace cafbus
