#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/option_flags.hpp"
#include "cli/serve_checks.hpp"
#include "config/duration.hpp"
#include "config/effective_config.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <limits>
#include <memory>
#include <string>

namespace cafbus {

namespace {

/// The options that hold as JSON: `value` is null where nothing is set.
std::string json_of(const loaded_options& options) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& x : effective_values(options, process_environment())) {
    nlohmann::ordered_json entry{{"option", x.option}, {"value", nullptr}, {"origin", to_string(x.from)}};
    if (!x.value.empty())
      entry["value"] = x.value;
    if (!x.place.empty())
      entry["place"] = x.place;
    list.push_back(std::move(entry));
  }
  nlohmann::ordered_json result{{"file", options.file}, {"options", std::move(list)}};
  return result.dump(2, ' ', true, nlohmann::json::error_handler_t::replace) + '\n';
}

/// Prints what would hold, if that can work.
int check(const loaded_options& options, bool as_json) {
  const auto& values = options.values;
  auto paths = find_app_paths(base_dir(values.dir, process_environment()), values.app);
  if (!paths)
    return complain(exit_code::usage, paths.error().text);
  return print(as_json ? json_of(options) : effective_config(options, process_environment()));
}

} // namespace

void add_serve(CLI::App& program, command& chosen) {
  auto* sub = program.add_subcommand("serve", "Run the bus of one app in the foreground");
  auto flags = std::make_shared<option_flags>();
  flags->add_to(*sub, true);
  auto ready_fd = std::make_shared<std::string>();
  sub->add_option("--ready-fd", *ready_fd)->group(""); // of io/daemon/starter.cpp; not for people
  auto check_only = std::make_shared<bool>(false);
  auto as_json = std::make_shared<bool>(false);
  sub->add_flag("--check-config", *check_only,
                "Print the options in effect, each with its origin, as a config file; run nothing");
  sub->add_flag("--json", *as_json, "With --check-config: print them as JSON");
  sub->footer("The bus ends on SIGINT or SIGTERM, by `cafbus stop`, after --idle-timeout\n"
              "without a consumer, and when it gives up a source. `cafbus reload` and SIGHUP\n"
              "read the config file again, and reopen the log; flags and variables stay those\n"
              "of the start.\n"
              "\n"
              "Exit codes: 0 stopped, or idle; 1 could not start, or gave up a source;\n"
              "2 an option is invalid.\n"
              "\n"
              "Examples:\n"
              "  cafbus serve --app shop --source file:/var/log/orders.ndjson\n"
              "  cafbus serve --source exec:'tail -n +1 -F events.ndjson' --idle-timeout never");
  sub->callback([flags, ready_fd, check_only, as_json, &chosen] {
    chosen = [flags, ready_fd, check_only, as_json] {
      auto loaded = flags->load();
      const auto in_background = !ready_fd->empty();
      auto reread = [flags, in_background]() -> result<loaded_options> {
        auto again = flags->load();
        if (again)
          if (auto good = check_serve_options(*again, in_background); !good)
            return good.error();
        return again;
      };
      if (in_background) {
        auto fd = parse_count(*ready_fd);
        if (!fd || *fd > std::numeric_limits<int>::max())
          return complain(exit_code::usage, "--ready-fd: it is not the number of a descriptor");
        return run_on_demand(loaded, reread, static_cast<int>(*fd));
      }
      if (!loaded)
        return complain(exit_code::usage, loaded.error().text);
      if (auto good = check_serve_options(*loaded, false); !good)
        return complain(exit_code::usage, good.error().text);
      if (*check_only)
        return check(*loaded, *as_json);
      if (*as_json)
        return complain(exit_code::usage, "--json requires --check-config");
      return run_serve(loaded->values, reread);
    };
  });
}

} // namespace cafbus
