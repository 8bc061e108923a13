#pragma once
#include "actors/compiled_filter.hpp"
#include "actors/history.hpp"

#include <string>
#include <vector>

namespace cafbus {

/// What a consumer gets of a history.
struct history_selection {
  std::vector<event_range> events;    ///< In the order in which they came, with their positions.
  std::optional<gap_frame> lost;      ///< What its cursor asks for and is not there.
  std::vector<std::string> unclaimed; ///< Ids of those among the events that had reached nobody.
  uint64_t filtered = 0;              ///< Events of its types that its filter has kept from it.
  uint64_t errors = 0;                ///< Events of its types that its filter could not judge.
  std::string failure;                ///< Why its filter cannot judge the event after these, if it is to fail then.
};

/// Where and when a history is read.
struct history_moment {
  uint64_t epoch = 0;         ///< Of the bus.
  uint64_t last_position = 0; ///< Of the last event that came in.
  history::time_point now;
  std::chrono::system_clock::time_point system_now;
  bool finds_duplicates = true; ///< The bus delivers events with one id once.
};

/// Selects what a consumer has asked for by `who.replay`, newest first, so that its cost is that of what it looks at.
/// An id that stands there several times, since it had reached nobody, is taken once: its latest event.
/// @pre check_replay(*who.replay), if there is one @param filter Of `who`; null: none.
history_selection select(history& from, const consumer_info& who, const compiled_filter_ptr& filter,
                         const history_moment& at);

} // namespace cafbus
