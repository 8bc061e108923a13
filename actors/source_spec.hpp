#pragma once
#include "base/result.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cafbus {

/// What `--source` says.
struct source_spec {
  enum class kind : uint8_t {
    standard_input, ///< `stdin`: events until end of input, then the bus stops.
    file,           ///< `file:PATH`: events in that file, which is followed.
    node,           ///< `node:PLACE`: another bus, see config/node_place.hpp.
    exec,           ///< `exec:COMMAND`, `exec:every=DURATION:COMMAND`: events on the command's standard output; it is
                    ///< started again when it has ended.
  };
  kind what = kind::standard_input;
  std::string argument;              ///< The command, for /bin/sh; or the path, absolute; or a place.
  std::string name;                  ///< As in status: the specification as it was given, cut to a readable length.
  std::chrono::nanoseconds every{0}; ///< Of a command: from its end to its next start, at least; 0: as soon as may be.
};

/// A path is taken from the working directory of now, since a daemon may change it.
/// @returns the specification, or a failure that says what there is.
result<source_spec> parse_source_spec(std::string_view text);

/// Adds what `text` says to `specs`. Fails as well for a file that is there and cannot be followed, and for standard
/// input, a file or a bus that `specs` has, by whatever path.
result<void> append_source(std::vector<source_spec>& specs, std::string_view text);

/// All of them, named apart. @returns a failure of the first that cannot be appended.
result<std::vector<source_spec>> parse_sources(const std::vector<std::string>& texts);

/// Makes the names of specifications that are, or look, the same differ: `exec:x`, `exec:x #2`.
void name_apart(std::vector<source_spec>& specs);

} // namespace cafbus
