#include "actors/source_spec.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/settings.hpp"
#include "config/duration.hpp"
#include "config/effective_config.hpp"

#include <CLI/CLI.hpp>

#include <limits>
#include <memory>
#include <string>

namespace cafbus {

namespace {

/// Finds what is wrong without touching a file, or prints what would hold.
int check(const loaded_options& options) {
  const auto& values = options.values;
  for (const auto& text : values.sources) {
    auto spec = parse_source_spec(text);
    if (!spec)
      return complain(exit_code::usage, spec.error().text);
  }
  auto paths = find_app_paths(base_dir(values.dir, process_environment()), values.app);
  if (!paths)
    return complain(exit_code::usage, paths.error().text);
  return print(effective_config(options, process_environment()));
}

} // namespace

void add_serve(CLI::App& program, command& chosen) {
  auto* sub = program.add_subcommand("serve", "Run the bus of one app in the foreground");
  auto flags = std::make_shared<settings>();
  flags->add_to(*sub, true);
  auto ready_fd = std::make_shared<std::string>();
  sub->add_option("--ready-fd", *ready_fd)->group(""); // of io/daemon/starter.cpp; not for people
  auto check_only = std::make_shared<bool>(false);
  sub->add_flag("--check-config", *check_only,
                "Print the options in effect, each with its origin, as a config file; run nothing");
  sub->footer("The bus ends on SIGINT or SIGTERM, by `cafbus stop`, after --idle-timeout\n"
              "without a consumer, and when a source fails for good. SIGHUP reads config file\n"
              "and environment again, and reopens the log.\n"
              "\n"
              "Exit codes: 0 told to stop, or idle; 1 could not start, or a source failed;\n"
              "2 an option is wrong.\n"
              "\n"
              "Examples:\n"
              "  cafbus serve --app shop --source file:/var/log/orders.ndjson\n"
              "  cafbus serve --source exec:'tail -n +1 -F events.ndjson' --idle-timeout never");
  sub->callback([flags, ready_fd, check_only, &chosen] {
    chosen = [flags, ready_fd, check_only] {
      auto loaded = flags->load();
      auto reread = [flags] { return flags->load(); };
      if (!ready_fd->empty()) {
        auto fd = parse_count(*ready_fd);
        if (!fd || *fd > std::numeric_limits<int>::max())
          return complain(exit_code::usage, "--ready-fd: it is not the number of a descriptor");
        return run_on_demand(loaded, reread, static_cast<int>(*fd));
      }
      if (!loaded)
        return complain(exit_code::usage, loaded.error().text);
      if (*check_only)
        return check(*loaded);
      return run_serve(loaded->values, reread);
    };
  });
}

} // namespace cafbus
