#pragma once
#include "messages/frames.hpp"
#include "messages/type_pattern.hpp"

#include <algorithm>

namespace cafbus {

/// The types and patterns that a consumer asks for; one that names none asks for its key.
inline std::vector<std::string> wanted_names(const consumer_status& x) {
  auto result = x.event_types;
  result.insert(result.end(), x.patterns.begin(), x.patterns.end());
  if (result.empty())
    result.push_back(x.event_key);
  return result;
}

inline bool wants(const consumer_status& x, const std::string& event_type) {
  auto fits = [&](const std::string& pattern) { return matches(pattern, event_type); };
  if (x.event_types.empty() && x.patterns.empty())
    return x.event_key == event_type;
  return std::ranges::count(x.event_types, event_type) != 0 || std::ranges::any_of(x.patterns, fits);
}

} // namespace cafbus
