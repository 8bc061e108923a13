#pragma once
#include "messages/event_filter.hpp"

#include <map>
#include <memory>
#include <mutex>

namespace cafbus {

class compiled_filter;
using compiled_filter_ptr = std::shared_ptr<const compiled_filter>;

/// The filters of a bus's consumers, each distinct one once, so that it is evaluated once per event. Bounded. Safe from
/// any thread.
class filter_registry {
public:
  explicit filter_registry(size_t most);

  /// @pre check_filter(filter)
  /// @returns the same object for the same filter, as long as somebody holds it; null for none; a failure beyond
  /// `most` distinct ones.
  result<compiled_filter_ptr> find_or_add(const event_filter& filter);

  /// Those that somebody holds.
  size_t size();

private:
  void forget_unused();

  const size_t most_;
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<const compiled_filter>> filters_; // by its text
};

} // namespace cafbus
