#pragma once
#include "base/spawn.hpp"

namespace cafbus {

/// Context of `exec:` sources, and of hooks whose consumers ask for none. For a `serve` in the foreground: its own
/// environment, folder and umask. For a daemon that was started on demand, whose environment is that of an arbitrary
/// first user: the variables of a login session and the CAFBUS_ ones (actors/SOURCES.md lists them), the folder /,
/// umask 077.
/// @param umask That of this process, as it was started.
command_context usual_context(bool on_demand, mode_t umask);

} // namespace cafbus
