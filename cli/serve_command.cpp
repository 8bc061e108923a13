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
  auto ready_fd = std::make_shared<int>(-1);
  sub->add_option("--ready-fd", *ready_fd)->group(""); // of io/starter.cpp; not for people
  sub->callback([flags, ready_fd, &chosen] {
    chosen = [flags, ready_fd] {
      auto loaded = flags->load();
      if (*ready_fd >= 0) {
        if (auto* error = std::get_if<std::string>(&loaded))
          return run_on_demand(std::move(*error), *ready_fd);
        return run_on_demand(std::get<loaded_options>(loaded).values, *ready_fd);
      }
      if (auto* error = std::get_if<std::string>(&loaded))
        return complain(exit_code::usage, *error);
      return run_serve(std::get<loaded_options>(loaded).values);
    };
  });
}

} // namespace cafbus
