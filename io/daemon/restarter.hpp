#pragma once
#include "config/paths.hpp"
#include "io/daemon/stopper.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace cafbus {

/// The daemon that was there, as the next one has to know it.
struct predecessor {
  bool in_background = false; ///< It was started by a command, and not as `cafbus serve` by somebody who minds it.
  std::vector<std::string> variables; ///< `CAFBUS_...=value`, as it was started with.
};

/// What the kernel says of that process. Fails if it has ended, or is somebody else's.
result<predecessor> read_predecessor(int64_t pid);

/// `words` and `variables` as /proc has them: each followed by a NUL.
predecessor parse_predecessor(std::string_view words, std::string_view variables);

/// Puts these in the place of all `CAFBUS_...` of this process's environment. While it has one thread only.
void adopt_variables(const std::vector<std::string>& variables);

struct restart_result {
  stop_result stopped;
  int64_t pid = 0; ///< Of the new one.
};

/// Stops the bus of `paths` and starts one of this program, in the background, with the options that the old one was
/// started with. Whoever needs a bus meanwhile waits for the new one, which nobody else can start. Where none runs, one
/// is started.
///
/// Fails of kind `refused` if the bus runs in the foreground: who started it has to start it again; and of kind
/// `invalid` if `check` finds that the options are wrong. Both times the bus goes on.
/// @param check The options of this process, once they are those of the old bus.
result<restart_result> restart_bus(const app_paths& paths, std::chrono::nanoseconds drain,
                                   const std::function<result<void>()>& check);

} // namespace cafbus
