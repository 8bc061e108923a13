#include "cli/help_text.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>

namespace cafbus {

namespace {

/// Where the texts of options and commands begin.
constexpr size_t text_column = 26;

/// "  NAME   text", the text in lines of its own column; below the name if that is long.
std::string entry(const std::string& name, const std::string& text) {
  auto result = "  " + name;
  if (result.size() + 2 > text_column)
    result += '\n' + std::string(text_column, ' ');
  else
    result.resize(text_column, ' ');
  return result + wrapped(text, help_columns - text_column, text_column) + '\n';
}

bool is_flag(const CLI::Option& x) {
  return x.get_expected_max() == 0;
}

/// "--timeout DURATION", "-h, --help", "KEY".
std::string option_name(const CLI::Option& x) {
  if (x.get_positional())
    return x.get_name(true);
  auto result = x.get_name(false, true);
  if (auto comma = result.find(','); comma != std::string::npos)
    result.insert(comma + 1, " ");
  return is_flag(x) ? result : result + ' ' + x.get_type_name();
}

std::string usage(const CLI::App& command) {
  std::string result = "usage: ";
  std::string commands;
  for (const auto* x = &command; x != nullptr; x = x->get_parent())
    commands = x->get_name() + (commands.empty() ? "" : " ") + commands;
  result += commands;
  for (const auto* x : command.get_options())
    if (x->get_positional())
      result += x->get_required() ? ' ' + x->get_name(true) : " [" + x->get_name(true) + ']';
  return result + (command.get_subcommands({}).empty() ? " [OPTION]..." : " COMMAND [OPTION]...") + '\n';
}

} // namespace

std::string wrapped(std::string_view text, size_t columns, size_t indent) {
  std::string result;
  size_t used = 0;
  while (!text.empty()) {
    auto end = std::min(text.find(' '), text.size());
    auto word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty())
      continue;
    if (used != 0 && used + 1 + word.size() > columns) {
      result += '\n' + std::string(indent, ' ');
      used = 0;
    } else if (used != 0) {
      result += ' ';
      ++used;
    }
    result += word;
    used += word.size();
  }
  return result;
}

std::string help_text(const CLI::App& command) {
  auto result = wrapped(command.get_description(), help_columns, 0) + "\n\n" + usage(command);
  std::string arguments;
  std::string options;
  for (const auto* x : command.get_options())
    if (!x->get_group().empty())
      (x->get_positional() ? arguments : options) += entry(option_name(*x), x->get_description());
  std::string commands;
  for (const auto* x : command.get_subcommands([](const CLI::App*) { return true; }))
    commands += entry(x->get_name(), x->get_description());
  for (const auto& part : {arguments, commands, options})
    if (!part.empty())
      result += '\n' + part;
  if (!command.get_footer().empty())
    result += '\n' + command.get_footer() + '\n';
  return result;
}

} // namespace cafbus
