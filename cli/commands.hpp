#pragma once
#include "cli/exit_code.hpp"
#include "config/options.hpp"

#include <functional>
#include <string>
#include <vector>

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
void add_http(CLI::App& program, command& chosen);
void add_publish(CLI::App& program, command& chosen);
void add_logs(CLI::App& program, command& chosen);
void add_reload(CLI::App& program, command& chosen);
void add_start(CLI::App& program, command& chosen);
void add_status(CLI::App& program, command& chosen);
void add_explain(CLI::App& program, command& chosen);
void add_stop(CLI::App& program, command& chosen);
void add_restart(CLI::App& program, command& chosen);
void add_top(CLI::App& program, command& chosen);
void add_version(CLI::App& program, command& chosen);
void add_bench(CLI::App& program);

/// Becomes cafbus-bench. @param arguments The first one is not looked at. @returns only to say why it does not.
int run_bench(std::vector<std::string> arguments);

/// The states that `status --fail-on` takes: "running, not_running, ...".
std::string known_states();

/// The columns that `top --sort` takes: "trouble, lag, ...".
std::string known_orders();

/// Prints the versions of the program and of the wire protocol.
int print_version(bool json);

/// Runs a daemon in the foreground until it ends. @param reread For each reload.
int run_serve(const serve_options& options, const option_reader& reread);

/// Runs a daemon that a starter has put into the background: says "ready", or why not, to `ready_fd`, and closes that.
int run_on_demand(const result<loaded_options>& options, const option_reader& reread, int ready_fd);

/// Stands in the help of each command that starts a bus on demand.
inline constexpr const char* spawn_note =
    "If no bus is running, this command starts one, with the options of the config\n"
    "file and the CAFBUS_... variables of its environment. That bus runs in /, so\n"
    "paths in them must be absolute, but for those of `file:` sources: they count\n"
    "from this folder, or from that of the config file.";

} // namespace cafbus
