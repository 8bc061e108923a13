#include "actors/source_spec.hpp"

namespace cafbus {

namespace {

/// Long commands are cut in status and log.
constexpr size_t max_name = 80;

} // namespace

std::variant<source_spec, std::string> parse_source_spec(std::string_view text) {
  source_spec result;
  result.name = text.substr(0, max_name);
  if (text.size() > max_name)
    result.name += "...";
  if (text == "stdin")
    return result;
  constexpr std::string_view exec = "exec:";
  if (text.starts_with(exec) && text.size() > exec.size()) {
    result.what = source_spec::kind::exec;
    result.argument = text.substr(exec.size());
    return result;
  }
  return "source '" + result.name + "' is not known: give stdin, or exec:COMMAND";
}

} // namespace cafbus
