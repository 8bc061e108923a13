// Arguments of the program, one a line: parsed or refused, never run; and the command of `--exec`, split into words
// that can be put together again.
#include "cli/command_line.hpp"
#include "cli/program.hpp"
#include "tests/fuzz/fuzz.hpp"

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
  if (!split) {
    fuzz::require(!split.error().text.empty(), "refused without a reason", text);
    return;
  }
  std::string joined;
  for (const auto& word : *split)
    joined += in_quotes(word) + ' ';
  auto again = split_command(joined);
  fuzz::require(again && *again == *split, "words in quotes are other words", text);
}

void parse(const std::vector<std::string>& arguments) {
  auto chosen = parse_command_line(arguments); // never run
  if (chosen)
    fuzz::require(static_cast<bool>(*chosen), "parsed, and nothing is to be done");
  else
    fuzz::require(!chosen.error().text.empty(), "refused without a reason");
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
