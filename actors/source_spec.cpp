#include "actors/source_spec.hpp"

#include "config/host_port.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace cafbus {

namespace {

/// Long commands are cut in status and log.
constexpr size_t max_name = 80;

using parsed_source = std::variant<source_spec, std::string>;

} // namespace

std::variant<source_spec, std::string> parse_source_spec(std::string_view text) {
  source_spec result;
  result.name = text.substr(0, max_name);
  if (text.size() > max_name)
    result.name += "...";
  if (text == "stdin")
    return result;
  constexpr std::string_view file = "file:";
  if (text.starts_with(file) && text.size() > file.size()) {
    result.what = source_spec::kind::file;
    std::error_code failed;
    result.argument = std::filesystem::absolute(text.substr(file.size()), failed).string();
    return failed ? parsed_source{"source '" + result.name + "': " + failed.message()} : result;
  }
  constexpr std::string_view node = "node:";
  if (text.starts_with(node)) {
    result.what = source_spec::kind::node;
    result.argument = text.substr(node.size());
    auto place = parse_host_port(result.argument);
    if (!place)
      return "source '" + result.name + "': " + place.error().text;
    return result;
  }
  constexpr std::string_view exec = "exec:";
  if (text.starts_with(exec) && text.size() > exec.size()) {
    result.what = source_spec::kind::exec;
    result.argument = text.substr(exec.size());
    return result;
  }
  return "source '" + result.name + "' is not known: give stdin, file:PATH, exec:COMMAND or node:HOST:PORT";
}

void name_apart(std::vector<source_spec>& specs) {
  for (size_t i = 0; i < specs.size(); ++i) {
    auto taken = [&](const std::string& x) {
      return std::any_of(specs.begin(), specs.begin() + static_cast<std::ptrdiff_t>(i),
                         [&](const source_spec& y) { return y.name == x; });
    };
    auto wanted = specs[i].name;
    for (size_t n = 2; taken(specs[i].name); ++n)
      specs[i].name = wanted + " #" + std::to_string(n);
  }
}

} // namespace cafbus
