#include "actors/filter_registry.hpp"

#include "actors/compiled_filter.hpp"
#include "messages/filter_text.hpp"

namespace cafbus {

filter_registry::filter_registry(size_t most) : most_{most} {}

result<compiled_filter_ptr> filter_registry::find_or_add(const event_filter& filter) {
  if (filter.empty())
    return compiled_filter_ptr{};
  auto text = to_text(filter);
  std::lock_guard guard{mutex_};
  if (auto known = filters_.find(text); known != filters_.end())
    if (auto same = known->second.lock())
      return same;
  forget_unused();
  if (filters_.size() >= most_)
    return failure{failure_kind::unavailable, "the consumers of this bus have " + std::to_string(most_) +
                                                  " different filters already, and no more are possible; use one of "
                                                  "theirs, or filter in the consumer (cafbus consume --jq)"};
  auto added = std::make_shared<const compiled_filter>(filter);
  filters_.emplace(std::move(text), added);
  return compiled_filter_ptr{added};
}

size_t filter_registry::size() {
  std::lock_guard guard{mutex_};
  forget_unused();
  return filters_.size();
}

void filter_registry::forget_unused() {
  std::erase_if(filters_, [](const auto& x) { return x.second.expired(); });
}

} // namespace cafbus
