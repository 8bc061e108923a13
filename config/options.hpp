#pragma once
#include "base/result.hpp"
#include "config/bus_options.hpp"
#include "config/log_choices.hpp"
#include "config/node_options.hpp"
#include "config/paths.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cafbus {

/// Everything that can be set from outside. Commands other than `serve` use `app` and `dir` only.
struct serve_options {
  bus_options bus;
  std::string app = "default"; ///< The same as `bus.app`.
  std::string dir;             ///< As asked for; empty: `base_dir` chooses.
  std::vector<std::string> sources;
  bool sources_wait = true; ///< For the first consumer.
  bool positions = true;    ///< Of files that are sources are remembered.
  node_options nodes;
  std::string log_level = "info";
  log::place log_to = log::place::file;
  log::format log_format = log::format::text;
};

/// One option: its flag, its variable in the environment, its key in the config file, its bounds and its texts.
struct option {
  std::string name;        ///< `idle-timeout`: the flag without `--`, and the config file's key.
  std::string env;         ///< `CAFBUS_IDLE_TIMEOUT`; a repeatable option's values stand there on lines of their own.
  std::string placeholder; ///< For help: DURATION, N, BYTES ...
  std::string allowed;     ///< Its values, as a sentence says them.
  std::string help;
  bool repeatable = false;
  bool every_command = false; ///< Not only for `serve`.
  bool reloadable = false;    ///< Can change while a bus runs.
  /// Where the values of a repeatable option are; empty for any other.
  std::function<std::vector<std::string>&(serve_options&)> list;
  /// Sets it from text (adds, if repeatable), or fails with what is wrong with `text`.
  std::function<result<void>(serve_options&, std::string_view text)> set;
  /// Its value as text that `set` reads back; of a default `serve_options`, that is the default. Empty if unset.
  std::function<std::string(const serve_options&)> text;
};

/// All options, in the order of the help text. The one place that flags, environment, file and help come from.
std::span<const option> option_table();

/// The option of that name, or null.
const option* find_option(std::string_view name);

/// Where the value of an option came from.
enum class origin : uint8_t { default_value, file, environment, flag };
std::string to_string(origin x);

/// Options with the origin of each, in the order of `option_table`.
struct loaded_options {
  serve_options values;
  std::vector<origin> origins;
  std::vector<std::vector<std::string>> places; ///< Of each value: --FLAG, VARIABLE or FILE:LINE; none for a default.
  std::string file;                             ///< The config file that was read; empty if there is none.
};

/// Flags as they stood on the command line: name without `--`, and value; a repeatable one may be there many times.
using flag_values = std::vector<std::pair<std::string, std::string>>;

/// Puts the options together once more, e.g. for SIGHUP.
using option_reader = std::function<result<loaded_options>()>;

/// Puts the options together: a flag beats the environment, which beats the config file, which beats the default. For a
/// repeatable option the winner's values replace those of the others.
/// A failure names the place, the option, the value and what is allowed.
result<loaded_options> load_options(const flag_values& flags, const environment& env);

} // namespace cafbus
