#pragma once
#include "base/spawn.hpp"

namespace cafbus {

/// Where `exec:` sources run, and the hooks of consumers that say nothing about it. Those of a `serve` in the
/// foreground: its environment, folder and umask. Of a daemon that was started on demand, whose environment is that of
/// whoever happened to come first: the variables of a login session and the CAFBUS_ ones (OPERATIONS.md lists them),
/// the folder /, umask 077.
/// @param umask That of this process, as it was started.
command_context usual_context(bool on_demand, mode_t umask);

} // namespace cafbus
