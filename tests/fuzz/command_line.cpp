// Arguments of the program, one a line: parsed or refused, never run; and the command of `--exec`, split into words
// that can be put together again.
#include "cli/command_line.hpp"
#include "cli/commands.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <CLI/CLI.hpp>
#include <sstream>
#include <vector>

using namespace cafbus;

namespace {

std::string in_quotes(const std::string& word) {
  std::string result = "'";
  for (auto c : word)
    result += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return result + '\'';
}

void check_split(std::string_view text) {
  auto split = split_command(text);
  auto* words = std::get_if<std::vector<std::string>>(&split);
  if (!words) {
    fuzz::require(!std::get<std::string>(split).empty(), "refused without a reason", text);
    return;
  }
  std::string joined;
  for (const auto& word : *words)
    joined += in_quotes(word) + ' ';
  auto again = split_command(joined);
  fuzz::require(std::holds_alternative<std::vector<std::string>>(again) && std::get<0>(again) == *words,
                "words in quotes are other words", text);
}

void parse(const std::vector<std::string>& arguments) {
  CLI::App program{"cafbus", "cafbus"};
  program.require_subcommand(1);
  command chosen; // never run
  add_serve(program, chosen);
  add_consume(program, chosen);
  add_publish(program, chosen);
  add_start(program, chosen);
  add_status(program, chosen);
  add_stop(program, chosen);
  add_version(program, chosen);
  std::vector<const char*> argv{"cafbus"};
  for (const auto& x : arguments)
    argv.push_back(x.c_str());
  try {
    program.parse(static_cast<int>(argv.size()), argv.data());
    fuzz::require(static_cast<bool>(chosen), "parsed, and nothing is to be done");
  } catch (const CLI::ParseError& e) {
    std::ostringstream out;
    std::ostringstream err;
    auto code = program.exit(e, out, err);
    fuzz::require(code == 0 || !err.str().empty(), "refused without a reason");
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  check_split(text);
  std::vector<std::string> arguments;
  std::istringstream in{std::string{text}};
  for (std::string line; arguments.size() < 32 && std::getline(in, line, '\n');)
    arguments.push_back(line.c_str()); // as the kernel hands it over: up to a NUL
  parse(arguments);
  return 0;
}
