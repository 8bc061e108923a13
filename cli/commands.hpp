#pragma once
#include "config/options.hpp"

#include <functional>
#include <string>

namespace CLI {
class App;
}

/// The commands of the program: each `add_...` binds one to its flags, and sets `chosen` when the command line asks for
/// it.
namespace cafbus {

/// What will be run once the command line is understood; its result is the exit code.
using command = std::function<int()>;

void add_serve(CLI::App& program, command& chosen);
void add_consume(CLI::App& program, command& chosen);
void add_publish(CLI::App& program, command& chosen);
void add_start(CLI::App& program, command& chosen);
void add_status(CLI::App& program, command& chosen);
void add_stop(CLI::App& program, command& chosen);
void add_version(CLI::App& program, command& chosen);

/// Runs a daemon in the foreground until it ends. @param reread For SIGHUP.
int run_serve(const serve_options& options, const option_reader& reread);

/// Runs a daemon that a starter has put into the background: says "ready", or why not, to `ready_fd`, and closes that.
int run_on_demand(const result<loaded_options>& options, const option_reader& reread, int ready_fd);

/// Stands in the help of each command that starts a bus on demand.
inline constexpr const char* spawn_note = "A bus that is started takes its options from the config file and the "
                                          "CAFBUS_... variables of whoever starts it; it\n"
                                          "runs in /, so paths in them must be absolute.";

/// Exit codes, as `cafbus --help` explains them.
namespace exit_code {
inline constexpr int done = 0;
inline constexpr int failed = 1;
inline constexpr int usage = 2;    ///< Wrong usage, or refused.
inline constexpr int bus_lost = 3; ///< The bus ended under a consumer that had not asked for it.
} // namespace exit_code

} // namespace cafbus
