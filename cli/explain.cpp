#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/explanation.hpp"
#include "cli/option_flags.hpp"
#include "io/daemon/instance.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <memory>

namespace cafbus {

namespace {

struct explain_flags {
  option_flags common;
  std::string key;
  bool json = false;
};

std::string text_of(const std::vector<finding>& findings) {
  std::string result;
  for (const auto& x : findings)
    result += std::string{to_string(x.stage)} + ": " + x.text + '\n';
  return result;
}

std::string json_of(const std::vector<finding>& findings, const std::string& key) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& x : findings)
    list.push_back({{"stage", to_string(x.stage)}, {"text", x.text}});
  return nlohmann::ordered_json{{"key", key}, {"findings", list}}.dump(-1, ' ', true,
                                                                       nlohmann::json::error_handler_t::replace) +
         '\n';
}

int run_explain(const explain_flags& flags) {
  auto located = flags.common.locate();
  if (!located)
    return complain(exit_code::usage, located.error().text);
  if (flags.key.empty())
    return complain(exit_code::usage, "KEY must not be empty");
  const auto view = look_at(*located);
  const auto answered = !view.line.empty();
  const auto findings =
      answered ? why_nothing(view.status, flags.key)
               : std::vector<finding>{{event_stage::source, std::string{"no bus answers: "} + view.message}};
  return print(flags.json ? json_of(findings, flags.key) : text_of(findings),
               answered ? exit_code::done : exit_code::failed);
}

} // namespace

void add_explain(CLI::App& program, command& chosen) {
  auto* sub =
      program.add_subcommand("explain", "Explain why no events of a type arrive, from the source to the handler");
  auto flags = std::make_shared<explain_flags>();
  flags->common.add_to(*sub, false);
  sub->add_option("KEY", flags->key, "An event type, a pattern of types, or the key of a consumer")->required();
  sub->add_flag("--json", flags->json, "Print the findings as JSON: `findings`, each with `stage` and `text`");
  sub->footer("It lists possible reasons in the order in which an event passes: source, type,\n"
              "consumer, filter, queue, handler. The first line matters most.\n"
              "\n"
              "Exit codes: 0 the bus answered; 1 it did not; 2 wrong usage; 4 the findings\n"
              "could not be printed.\n"
              "\n"
              "Examples:\n"
              "  cafbus explain github.issues.opened\n"
              "  cafbus explain 'github.>' --json");
  sub->callback([flags, &chosen] { chosen = [flags] { return run_explain(*flags); }; });
}

} // namespace cafbus
