#include "cli/description.hpp"

#include "config/options.hpp"
#include "config/version.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace cafbus {

namespace {

using ordered = nlohmann::ordered_json;

ordered describe_option(const CLI::Option& x) {
  ordered names = ordered::array();
  for (const auto& name : x.get_snames())
    names.push_back('-' + name);
  for (const auto& name : x.get_lnames())
    names.push_back("--" + name);
  ordered result{{"names", names}, {"help", x.get_description()}};
  if (x.get_expected_max() != 0) {
    result["value"] = x.get_type_name();
    result["repeatable"] = x.get_expected_max() > 1;
  }
  return result;
}

ordered describe_argument(const CLI::Option& x) {
  return {{"name", x.get_name(true)}, {"help", x.get_description()}, {"required", x.get_required()}};
}

ordered describe_command(const CLI::App& x) {
  ordered result{{"name", x.get_name()},
                 {"help", x.get_description()},
                 {"arguments", ordered::array()},
                 {"options", ordered::array()},
                 {"footer", x.get_footer()}};
  for (const auto* option : x.get_options()) {
    if (option->get_positional())
      result["arguments"].push_back(describe_argument(*option));
    else if (!option->get_group().empty())
      result["options"].push_back(describe_option(*option));
  }
  return result;
}

ordered describe_setting(const option& x) {
  return {{"name", x.name},
          {"variable", x.env},
          {"value", x.placeholder},
          {"default", x.text(serve_options{})},
          {"allowed", x.allowed},
          {"help", x.help},
          {"repeatable", x.repeatable},
          {"reloadable", x.reloadable},
          {"every_command", x.every_command}};
}

} // namespace

std::string description_of(const CLI::App& program) {
  auto result = describe_command(program);
  result["version"] = version();
  result["commands"] = ordered::array();
  for (const auto* x : program.get_subcommands([](const CLI::App*) { return true; }))
    result["commands"].push_back(describe_command(*x));
  result["settings"] = ordered::array();
  for (const auto& x : option_table())
    result["settings"].push_back(describe_setting(x));
  return result.dump(2) + '\n';
}

} // namespace cafbus
