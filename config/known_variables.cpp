#include "config/known_variables.hpp"

#include "base/text.hpp"
#include "config/options.hpp"

#include <algorithm>
#include <string_view>

namespace cafbus {

namespace {

/// Variables that commands find which the bus and its clients run, and so maybe a cafbus command in them.
constexpr std::string_view command_variables[] = {
    "CAFBUS_EVENT_TYPE", "CAFBUS_EVENT_ID",        "CAFBUS_EVENT_KEY", "CAFBUS_SEQ",           "CAFBUS_MISSED",
    "CAFBUS_DROPPED",    "CAFBUS_SUBSCRIPTION_ID", "CAFBUS_DAEMON",    "CAFBUS_MISSED_REASON", "CAFBUS_ATTEMPT"};

} // namespace

std::vector<std::string> explain_unknown_variables(std::span<const std::string> names) {
  constexpr std::string_view prefix = "CAFBUS_";
  // what the programs around the bus read, and what commands that the bus and its clients run find
  std::vector<std::string_view> known{"CAFBUS_CONFIG"};
  for (const auto& x : option_table())
    known.push_back(x.env);
  std::vector<std::string> result;
  for (const std::string& name : names) {
    auto given_to_commands = std::ranges::find(command_variables, name) != std::end(command_variables);
    if (name.starts_with(prefix) && !given_to_commands && std::ranges::find(known, name) == known.end())
      result.push_back("the variable " + name + " is unknown" + did_you_mean(name, known));
  }
  std::ranges::sort(result);
  return result;
}

} // namespace cafbus
