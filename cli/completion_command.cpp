#include "cli/completion_command.hpp"

#include "cli/bash_line.hpp"
#include "cli/known_names.hpp"

#include <algorithm>

namespace cafbus {

namespace {

std::string last_line(const completion& x) {
  if (x.also != completion::paths::none)
    return (x.also == completion::paths::files ? ":files " : ":folders ") + std::to_string(x.kept) + '\n';
  auto more = [](const auto& y) { return y.value.ends_with(':'); };
  return !x.candidates.empty() && std::ranges::all_of(x.candidates, more) ? ":nospace\n" : ":\n";
}

std::string answer_bash(const CLI::App& program, const std::string& text, const std::string& breaks) {
  auto line = read_bash_line(text, breaks);
  if (line.redirected)
    return ":files 0\n";
  if (!line.words.empty())
    line.words.erase(line.words.begin()); // the program's name
  auto found = complete(program, line.words, names_of_this_machine());
  std::string result;
  for (const auto& x : found.candidates)
    if (auto inserted = quoted_for(line, x.value); !inserted.empty())
      result += inserted + '\n';
  return result + last_line(found);
}

} // namespace

std::string answer_shell(const CLI::App& program, const std::vector<std::string>& arguments) {
  if (arguments.size() == 3 && arguments[0] == "bash")
    return answer_bash(program, arguments[1], arguments[2]);
  if (arguments.size() < 2 || arguments[0] != "words")
    return ":\n";
  auto found = complete(program, {arguments.begin() + 1, arguments.end()}, names_of_this_machine());
  std::string result;
  for (const auto& x : found.candidates)
    result += x.value + '\t' + x.text + '\n';
  return result + last_line(found);
}

} // namespace cafbus
