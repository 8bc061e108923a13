#include "io/sockets/hello_checks.hpp"

#include "messages/type_pattern.hpp"

#include <algorithm>
#include <climits>

namespace cafbus {

namespace {

/// What is wrong with the surroundings of its hooks; empty if nothing is.
std::string hook_complaint(const hello& x) {
  if (x.on_first.size() > defaults::max_hook_bytes || x.on_last.size() > defaults::max_hook_bytes)
    return "a command is longer than " + std::to_string(defaults::max_hook_bytes) + " bytes";
  auto has_nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  size_t bytes = 0;
  for (const auto& [name, value] : x.hook_env) {
    bytes += name.size() + value.size() + 2; // as they lie in memory: NAME=VALUE and its end
    if (name.empty() || name.find('=') != std::string::npos || has_nul(name) || has_nul(value))
      return "hook_env has a name or value that is invalid in an environment";
  }
  if (bytes > defaults::max_hook_env_bytes)
    return "hook_env is larger than " + std::to_string(defaults::max_hook_env_bytes) + " bytes";
  if (!x.hook_dir.empty() && (x.hook_dir[0] != '/' || x.hook_dir.size() >= PATH_MAX || has_nul(x.hook_dir)))
    return "hook_dir is not an absolute path";
  if (x.hook_umask.value_or(0) > 0777)
    return "hook_umask is larger than 0777";
  return {};
}

std::string policy_complaint(const hello& x) {
  const auto policy = from_word<queue_policy>(x.policy);
  if (policy == queue_policy::unknown && !x.policy.empty())
    return "policy '" + x.policy.substr(0, 32) +
           "' is unknown; known are drop_oldest, drop_newest, latest, disconnect and block";
  if (x.block_ms != 0 && policy != queue_policy::block)
    return "block_ms requires the policy block";
  return {};
}

} // namespace

std::string name_complaint(const std::vector<std::string>& types, const std::vector<std::string>& patterns,
                           const bus_options& options) {
  if (auto count = types.size() + patterns.size(); count > options.max_event_types)
    return "too many event_types and patterns: " + std::to_string(count) + ", at most " +
           std::to_string(options.max_event_types) + " (option max-event-types)";
  auto too_long = [&](const std::string& name) { return name.size() > options.max_key_bytes; };
  if (std::ranges::any_of(types, too_long) || std::ranges::any_of(patterns, too_long))
    return "a name is longer than " + std::to_string(options.max_key_bytes) + " bytes (option max-key-bytes)";
  for (const auto& pattern : patterns)
    if (auto checked = check_pattern(pattern); !checked)
      return checked.error().text;
  return {};
}

std::string complaint(const hello& x, const bus_options& options) {
  auto too_long = [&](const std::string& name) { return name.size() > options.max_key_bytes; };
  if (x.version != protocol_version)
    return "version '" + x.version.substr(0, 32) + "' is not supported; this bus speaks " + protocol_version;
  if (x.event_key.empty())
    return "event_key is empty";
  if (auto why = name_complaint(x.event_types, x.patterns, options); !why.empty())
    return why;
  if (auto why = hook_complaint(x); !why.empty())
    return why;
  if (auto why = policy_complaint(x); !why.empty())
    return why;
  if (too_long(x.event_key) || too_long(x.subscription_id))
    return "a name is longer than " + std::to_string(options.max_key_bytes) + " bytes (option max-key-bytes)";
  return {};
}

} // namespace cafbus
