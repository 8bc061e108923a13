#pragma once
#include "messages/actor_messages.hpp"
#include "messages/type_pattern.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_set>

namespace cafbus {

/// The event types that a consumer wants, for many questions.
class type_wish {
public:
  /// @param x Outlives this.
  explicit type_wish(const consumer_info& x)
    : types_{x.event_types.begin(), x.event_types.end()}, patterns_{x.patterns} {}

  bool stands_for(const std::string& type) const {
    return types_.contains(type) ||
           std::ranges::any_of(patterns_, [&](const std::string& pattern) { return matches(pattern, type); });
  }

private:
  std::unordered_set<std::string_view> types_;
  const std::vector<std::string>& patterns_;
};

} // namespace cafbus
