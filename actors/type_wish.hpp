#pragma once
#include "actors/pattern_index.hpp"
#include "messages/actor_messages.hpp"

#include <string>
#include <string_view>
#include <unordered_set>

namespace cafbus {

/// The event types that a consumer wants, for many questions.
class type_wish {
public:
  /// @param x Outlives this.
  explicit type_wish(const consumer_info& x) : types_{x.event_types.begin(), x.event_types.end()} {
    for (const auto& pattern : x.patterns)
      patterns_.add(pattern, {});
  }

  bool stands_for(const std::string& type) const { return types_.contains(type) || patterns_.matches(type); }

private:
  std::unordered_set<std::string_view> types_;
  pattern_index patterns_; // not a list: a link asks for thousands, and many types are looked up
};

} // namespace cafbus
