#pragma once
#include "actors/bus.hpp"
#include "base/result.hpp"

#include <caf/fwd.hpp>
#include <string>
#include <vector>

namespace cafbus {

struct source_setup {
  bool wait = false;          ///< They begin when the first consumer is in, so that nothing that they have is lost.
  std::string positions = {}; ///< Folder in which `file:` remembers how far it has read, made if it is missing; empty:
                              ///< it reads from the beginning each time.
};

/// Feeds a bus with what such sources say, each line an event as JSON, as `cafbus serve --source` does:
///
/// - `file:PATH`: a file, which is followed as it grows, is rotated or comes later
/// - `exec:COMMAND`: what a command for /bin/sh writes to its standard output; started again when it ends
/// - `exec:every=DURATION:COMMAND`: the same, at most so often
/// - `stdin`: standard input, which nothing else of the program may read then
///
/// They count as sources in status by these names, and end with the bus. When one has ended for good the bus stops: at
/// the end of standard input, or when a command has failed `source_retries` times in a row. `exec:` starts processes:
/// SIGCHLD must not be ignored.
///
///   auto added = cafbus::add_sources(system, bus.parts(), options, {"file:/var/log/app.ndjson"});
///
/// @param options Those that the bus was spawned with; their limits hold.
/// @returns what is wrong with one of the texts, and then adds none of them. A source that only fails later says so in
/// status and log.
result<void> add_sources(caf::actor_system& system, const bus_parts& parts, const bus_options& options,
                         const std::vector<std::string>& sources, const source_setup& setup = {});

} // namespace cafbus
