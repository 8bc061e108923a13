#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/settings.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace cafbus {

void add_serve(CLI::App& program, command& chosen) {
  auto* sub = program.add_subcommand("serve", "Run the bus of one app in the foreground");
  auto flags = std::make_shared<settings>();
  flags->add_to(*sub, true);
  sub->callback([flags, &chosen] {
    chosen = [flags] {
      auto loaded = flags->load();
      if (auto* error = std::get_if<std::string>(&loaded))
        return complain(exit_code::usage, *error);
      return run_serve(std::get<loaded_options>(loaded).values);
    };
  });
}

} // namespace cafbus
