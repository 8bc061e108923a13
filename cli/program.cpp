#include "cli/program.hpp"

#include "base/text.hpp"
#include "cli/completion_command.hpp"
#include "cli/console.hpp"
#include "cli/description.hpp"
#include "cli/help_text.hpp"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string_view>

// CLI11 finds flags and their values. What it says about mistakes is written for programmers, so that its exceptions
// are only taken as a sign of what is wrong, and the sentence is ours.

namespace cafbus {

namespace {

constexpr const char* program_footer =
    "`cafbus help COMMAND` or `cafbus COMMAND --help` describes a command. bash, zsh\n"
    "and fish complete commands, options, values, apps and event types.\n"
    "\n"
    "An option whose help names a CAFBUS_... variable can also be set by it, or in\n"
    "$CAFBUS_CONFIG, ~/.config/cafbus/cafbus.conf or /etc/cafbus.conf; a flag beats\n"
    "the environment, which beats the file, which beats the default.\n"
    "\n"
    "Exit codes: 0 success; 1 failure; 2 wrong usage, or refused; 3 the bus ended\n"
    "before its consumer; 4 output could not be written; 5 events were lost, or\n"
    "reached no consumer, and an option asks for this check; 6 commands failed, and\n"
    "an option lets them be skipped.\n"
    "\n"
    "Example:\n"
    "  cafbus consume im.message --max-events 1 &\n"
    "  echo '{\"text\":\"hello\"}' |\n"
    "      cafbus publish --type im.message --wait-for-consumer 5s";

struct program {
  bool version = false; // never looked at: it is an argument of its own
  CLI::App app{"cafbus: an event bus for the processes of one machine", "cafbus"};
  command chosen;

  program() {
    app.require_subcommand(1);
    app.footer(program_footer);
    app.add_flag("-V,--version", version, "Print the version and exit");
    add_serve(app, chosen);
    add_consume(app, chosen);
    add_publish(app, chosen);
    add_http(app, chosen);
    add_start(app, chosen);
    add_status(app, chosen);
    add_top(app, chosen);
    add_stop(app, chosen);
    add_restart(app, chosen);
    add_reload(app, chosen);
    add_logs(app, chosen);
    add_explain(app, chosen);
    add_bench(app);
    add_version(app, chosen);
    app.add_subcommand("help", "Describe a command; with --json all of them, for programs");
    for (auto* x : commands()) {
      x->set_help_flag("-h,--help", "Print this help and exit");
      for (auto* option : x->get_options())
        if (option->get_expected_max() == 0)
          option->disable_flag_override(); // --quiet=maybe has no meaning
    }
    app.set_help_flag("-h,--help", "Print this help and exit");
  }

  std::vector<CLI::App*> commands() {
    return app.get_subcommands([](CLI::App*) { return true; });
  }

  CLI::App* find(std::string_view name) {
    auto all = commands();
    auto found = std::ranges::find_if(all, [name](CLI::App* x) { return x->get_name() == name; });
    return found == all.end() ? nullptr : *found;
  }
};

failure usage_error(std::string text) {
  return {failure_kind::invalid, std::move(text)};
}

command print_later(std::string text) {
  return [text = std::move(text)] { return print(text); };
}

std::string see_help(const CLI::App& command) {
  return "; see: cafbus " + command.get_name() + " --help";
}

failure unknown_command(program& x, const std::string& name) {
  std::vector<std::string> names;
  for (auto* sub : x.commands())
    names.push_back(sub->get_name());
  std::vector<std::string_view> views{names.begin(), names.end()};
  auto hint = did_you_mean(name, views);
  return usage_error("there is no command '" + name + "'" +
                     (hint.empty() ? "; `cafbus --help` lists the commands" : hint));
}

/// "--timeout" of "--timeout=5s".
std::string_view flag_of(std::string_view argument) {
  return argument.substr(0, argument.find('='));
}

failure unknown_argument(const CLI::App& sub, const std::string& argument) {
  if (!argument.starts_with('-') || argument == "-")
    return usage_error("'" + argument + "' is one argument too many" + see_help(sub));
  std::vector<std::string> names;
  for (const auto* x : sub.get_options())
    if (!x->get_group().empty())
      for (const auto& name : x->get_lnames())
        names.push_back("--" + name);
  std::vector<std::string_view> views{names.begin(), names.end()};
  auto flag = std::string{flag_of(argument)};
  auto hint = did_you_mean(flag, views);
  return usage_error(sub.get_name() + " has no option " + flag + (hint.empty() ? see_help(sub) : hint));
}

/// The option that CLI11's message is about: it begins with the name, with or without its dashes.
const CLI::Option* option_in(const CLI::App& sub, std::string_view message) {
  auto about = [message](const std::string& name) {
    return message.starts_with(name + ':') || message.starts_with(name + ' ');
  };
  for (const auto* x : sub.get_options())
    if (about(x->get_name(x->get_positional())) || std::ranges::any_of(x->get_lnames(), about))
      return x;
  return nullptr;
}

failure wrong_value(const CLI::App& sub, const CLI::ParseError& error) {
  const auto* x = option_in(sub, error.what());
  if (x == nullptr)
    return usage_error("wrong usage" + see_help(sub));
  auto name = x->get_name(x->get_positional());
  if (x->get_expected_max() == 0)
    return usage_error(name + " takes no value" + see_help(sub));
  if (x->count() > 1)
    return usage_error(name + " is given more than once");
  return usage_error(name + " needs a value: " + name + ' ' + x->get_type_name());
}

failure missing_argument(const CLI::App& sub) {
  for (const auto* x : sub.get_options())
    if (x->get_required() && x->count() == 0)
      return usage_error(sub.get_name() + " needs a " + x->get_name(true) + see_help(sub));
  return usage_error("something is missing" + see_help(sub));
}

result<command> help_of(program& x, const std::vector<std::string>& arguments) {
  if (arguments.size() < 2)
    return print_later(help_text(x.app));
  if (arguments.size() > 2)
    return usage_error("help describes one command at a time: cafbus help COMMAND");
  if (arguments[1] == "--json")
    return print_later(description_of(x.app));
  auto* sub = x.find(arguments[1]);
  if (sub == nullptr)
    return unknown_command(x, arguments[1]);
  return print_later(help_text(arguments[1] == "help" ? x.app : *sub));
}

/// @pre The first argument is the name of `sub`.
result<command> parse(program& x, CLI::App& sub, const std::vector<std::string>& arguments) {
  try {
    x.app.parse(std::vector<std::string>{arguments.rbegin(), arguments.rend()}); // it takes them from the back
  } catch (const CLI::CallForHelp&) {
    return print_later(help_text(sub));
  } catch (const CLI::ExtrasError&) {
    auto extra = sub.remaining(true);
    return extra.empty() ? usage_error("wrong usage" + see_help(sub)) : unknown_argument(sub, extra.front());
  } catch (const CLI::RequiredError&) {
    return missing_argument(sub);
  } catch (const CLI::ParseError& error) {
    return wrong_value(sub, error);
  }
  return std::move(x.chosen);
}

} // namespace

result<command> parse_command_line(const std::vector<std::string>& arguments) {
  auto x = std::make_shared<program>();
  if (arguments.empty())
    return command{[text = help_text(x->app)] {
      write_all(STDERR_FILENO, text);
      return exit_code::usage;
    }};
  const auto& first = arguments.front();
  if (first == "--version" || first == "-V")
    return command{[] { return print_version(false); }};
  if (first == "__complete") // of the scripts in cli/completions
    return command{[x, arguments] { return print(answer_shell(x->app, {arguments.begin() + 1, arguments.end()})); }};
  const auto asks_help = [](const std::string& x) { return x == "help" || x == "--help" || x == "-h"; };
  if (asks_help(first))
    return help_of(*x, arguments.size() == 2 && asks_help(arguments[1]) ? std::vector{first} : arguments);
  if (first == "bench" && (arguments.size() != 2 || !asks_help(arguments[1])))
    return command{[arguments] { return run_bench(arguments); }};
  if (first.starts_with('-'))
    return usage_error("cafbus has no option " + std::string{flag_of(first)} +
                       " before the command; see: cafbus --help");
  auto* sub = x->find(first);
  return sub == nullptr ? unknown_command(*x, first) : parse(*x, *sub, arguments);
}

} // namespace cafbus
