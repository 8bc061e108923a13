// What the members of one group must have in common.

#include "actors/group.hpp"
#include "config/defaults.hpp"
#include "messages/filter_text.hpp"

#include <algorithm>

namespace cafbus {

namespace {

failure refused(std::string why) {
  return {failure_kind::invalid, std::move(why)};
}

std::string list_of(std::vector<std::string> names) {
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::string result;
  for (const auto& x : names)
    result += (result.empty() ? "" : ",") + x;
  return result;
}

std::string number(uint64_t x, uint64_t standard) {
  return std::to_string(x == 0 ? standard : x);
}

struct term {
  const char* name;
  std::string value; ///< As people write it.
};

std::vector<term> terms_of(const consumer_info& x) {
  return {{"event_types", list_of(x.event_types)},
          {"patterns", list_of(x.patterns)},
          {"filter", to_text(x.filter)},
          {"on_filter_error", x.filter.empty() ? "" : to_string(x.on_filter_error)},
          {"ack", x.ack ? "true" : "false"},
          {"max_in_flight", number(x.max_in_flight, defaults::max_in_flight)},
          {"max_attempts", number(x.max_attempts, defaults::max_attempts)},
          {"queue_capacity", std::to_string(x.queue_capacity)},
          {"queue_bytes", std::to_string(x.queue_bytes)}};
}

} // namespace

result<void> check_group(const consumer_info& x) {
  if (x.group.empty()) {
    if (x.ack || x.max_in_flight != 0 || x.max_attempts != 0)
      return refused("ack, max_in_flight and max_attempts require a group");
    return {};
  }
  if (x.group.size() > defaults::max_name_bytes)
    return refused("group is longer than " + std::to_string(defaults::max_name_bytes) + " bytes");
  if (!x.ack && (x.max_in_flight != 0 || x.max_attempts != 0))
    return refused("max_in_flight and max_attempts require ack");
  if (x.max_in_flight > defaults::most_in_flight)
    return refused("max_in_flight is larger than " + std::to_string(defaults::most_in_flight));
  if (x.max_attempts > defaults::most_attempts)
    return refused("max_attempts is larger than " + std::to_string(defaults::most_attempts));
  if (x.replay)
    return refused("a group has no replay: past events would be given to each new member");
  if (x.policy != queue_policy::drop_oldest)
    return refused(std::string{"a group has the policy drop_oldest, not "} + to_string(x.policy));
  return {};
}

std::string difference(const consumer_info& group, const consumer_info& x) {
  const auto theirs = terms_of(group);
  const auto ours = terms_of(x);
  for (size_t i = 0; i < theirs.size(); ++i)
    if (theirs[i].value != ours[i].value)
      return "the members of group '" + group.group + "' have " + theirs[i].name + " '" + theirs[i].value +
             "', this consumer asks for '" + ours[i].value + "'";
  return {};
}

} // namespace cafbus
