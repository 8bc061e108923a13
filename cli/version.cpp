#include "config/version.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "messages/frames.hpp"

#include <CLI/CLI.hpp>

#include <string>

namespace cafbus {

void add_version(CLI::App& program, command& chosen) {
  auto* sub = program.add_subcommand("version", "Print the versions of the program and of the wire protocol");
  sub->callback([&chosen] {
    chosen = [] {
      auto text = std::string{"cafbus "} + version() + ", protocol " + protocol_version + '\n';
      return print(text) ? exit_code::done : exit_code::failed;
    };
  });
}

} // namespace cafbus
