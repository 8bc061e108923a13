#include "config/version.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/jq_program.hpp"
#include "cli/top_terminal.hpp"
#include "io/daemon/libsystemd.hpp"
#include "messages/frames.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <memory>
#include <string>

namespace cafbus {

int print_version(bool json) {
  if (json)
    return print(nlohmann::ordered_json{{"version", version()},
                                        {"protocol", protocol_version},
                                        {"jq", has_jq()},
                                        {"systemd", has_systemd()},
                                        {"top", has_top()}}
                     .dump() +
                 '\n');
  return print(std::string{"cafbus "} + version() + ", protocol " + protocol_version +
               (has_jq() ? "" : ", without jq") + (has_systemd() ? "" : ", without systemd") +
               (has_top() ? "" : ", without top") + '\n');
}

void add_version(CLI::App& program, command& chosen) {
  auto* sub = program.add_subcommand("version", "Print the versions of the program and of the wire protocol");
  auto json = std::make_shared<bool>(false);
  sub->add_flag("--json", *json, "Print them as JSON");
  sub->footer("Examples:\n"
              "  cafbus version\n"
              "  cafbus version --json");
  sub->callback([json, &chosen] { chosen = [json] { return print_version(*json); }; });
}

} // namespace cafbus
