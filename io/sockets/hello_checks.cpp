#include "io/sockets/hello_checks.hpp"

#include "messages/replay.hpp"
#include "messages/type_pattern.hpp"

#include <algorithm>
#include <climits>
#include <string_view>
#include <unordered_set>

namespace cafbus {

namespace {

using name_set = std::unordered_set<std::string_view>;

failure bad(std::string what) {
  return {failure_kind::invalid, std::move(what)};
}

result<void> check_hooks(const hello& x) {
  if (x.on_first.size() > defaults::max_hook_bytes || x.on_last.size() > defaults::max_hook_bytes)
    return bad("a command is longer than " + std::to_string(defaults::max_hook_bytes) + " bytes");
  auto has_nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  size_t bytes = 0;
  for (const auto& [name, value] : x.hook_env) {
    bytes += name.size() + value.size() + 2; // as they lie in memory: NAME=VALUE and its end
    if (name.empty() || name.find('=') != std::string::npos || has_nul(name) || has_nul(value))
      return bad("hook_env has a name or value that is invalid in an environment");
  }
  if (bytes > defaults::max_hook_env_bytes)
    return bad("hook_env is larger than " + std::to_string(defaults::max_hook_env_bytes) + " bytes");
  if (!x.hook_dir.empty() && (x.hook_dir[0] != '/' || x.hook_dir.size() >= PATH_MAX || has_nul(x.hook_dir)))
    return bad("hook_dir is not an absolute path");
  if (x.hook_umask.value_or(0) > 0777)
    return bad("hook_umask is larger than 0777");
  return {};
}

result<void> check_policy(const hello& x) {
  const auto policy = from_word<queue_policy>(x.policy);
  if (policy == queue_policy::unknown && !x.policy.empty())
    return bad("policy '" + x.policy.substr(0, 32) +
               "' is unknown; known are drop_oldest, drop_newest, latest, disconnect and block");
  if (x.block_ms != 0 && policy != queue_policy::block)
    return bad("block_ms requires the policy block");
  return {};
}

} // namespace

name_list names_with(const name_list& some, const name_list& more) {
  name_set known{some.begin(), some.end()};
  auto result = some;
  for (const auto& name : more)
    if (known.insert(name).second)
      result.push_back(name);
  return result;
}

name_list names_without(name_list some, const name_list& gone) {
  const name_set known{gone.begin(), gone.end()};
  std::erase_if(some, [&](const std::string& name) { return known.contains(name); });
  return some;
}

result<void> check_names(const std::vector<std::string>& types, const std::vector<std::string>& patterns,
                         const bus_options& options) {
  if (auto count = types.size() + patterns.size(); count > options.max_event_types)
    return bad("too many event_types and patterns: " + std::to_string(count) + ", at most " +
               std::to_string(options.max_event_types) + " (option max-event-types)");
  auto too_long = [&](const std::string& name) { return name.size() > options.max_key_bytes; };
  if (std::ranges::any_of(types, too_long) || std::ranges::any_of(patterns, too_long))
    return bad("a name is longer than " + std::to_string(options.max_key_bytes) + " bytes (option max-key-bytes)");
  for (const auto& pattern : patterns)
    if (auto checked = check_pattern(pattern); !checked)
      return checked.error();
  return {};
}

result<void> check_hello(const hello& x, const bus_options& options) {
  auto too_long = [&](const std::string& name) { return name.size() > options.max_key_bytes; };
  if (x.version != protocol_version)
    return bad("version '" + x.version.substr(0, 32) + "' is not supported; this bus speaks " + protocol_version);
  if (x.event_key.empty())
    return bad("event_key is empty");
  if (auto checked = check_names(x.event_types, x.patterns, options); !checked)
    return checked;
  if (auto checked = check_hooks(x); !checked)
    return checked;
  if (auto checked = check_policy(x); !checked)
    return checked;
  if (x.exclusive && !x.group.empty())
    return bad("exclusive and group contradict each other: a group is shared");
  if (auto checked = check_filter(x.filter); !checked)
    return checked;
  if (auto checked = check_filter_error_policy(x.on_filter_error, x.filter); !checked)
    return checked;
  if (x.replay)
    if (auto checked = check_replay(*x.replay, options); !checked)
      return checked;
  if (too_long(x.event_key) || too_long(x.subscription_id))
    return bad("a name is longer than " + std::to_string(options.max_key_bytes) + " bytes (option max-key-bytes)");
  return {};
}

consumer_info info_of(const hello& x) {
  auto names = [&x](const char* what) { return std::ranges::find(x.capabilities, what) != x.capabilities.end(); };
  consumer_info result{x.pid, x.event_key, x.subscription_id, x.event_types, x.patterns};
  result.tell_gaps = names(capability::gap);
  if (auto word = from_word<queue_policy>(x.policy); word != queue_policy::unknown)
    result.policy = word;
  result.queue_capacity = x.queue_capacity;
  result.queue_bytes = x.queue_bytes;
  result.block_time = block_time_of(x.block_ms);
  result.filter = x.filter;
  if (auto word = from_word<filter_error_policy>(x.on_filter_error); word != filter_error_policy::unknown)
    result.on_filter_error = word;
  result.replay = x.replay;
  result.cursors = names(capability::cursor);
  result.group = x.group;
  result.ack = x.ack;
  result.max_in_flight = x.max_in_flight;
  result.max_attempts = x.max_attempts;
  if (result.subscription_id.empty())
    result.subscription_id = result.event_key;
  if (result.event_types.empty() && result.patterns.empty())
    result.event_types.push_back(result.event_key);
  return result;
}

std::chrono::nanoseconds block_time_of(uint64_t ms) {
  constexpr uint64_t most = std::chrono::milliseconds{defaults::max_block_time}.count();
  return std::chrono::milliseconds{std::min(ms, most)};
}

} // namespace cafbus
