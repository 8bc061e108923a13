#pragma once
#include "actors/event_router.hpp"
#include "actors/history.hpp"

#include <string>

namespace cafbus {

/// What a hub knows of the time before a consumer came: its history, and the cursors into it.
class hub_past {
public:
  using time_point = history::time_point;

  /// @param epoch Of the cursors. @param finds_duplicates The bus delivers events with one id once.
  hub_past(history::bounds bounds, uint64_t epoch, bool finds_duplicates)
    : history_{bounds}, epoch_{epoch}, finds_duplicates_{finds_duplicates} {}

  /// The batch that has just been routed.
  /// @param base Position of its first event. @param some_unmatched Some of it has reached nobody.
  void keep(const event_batch_ptr& batch, const event_router& router, uint64_t base, bool some_unmatched,
            time_point now) {
    history_.keep(batch, router.fresh(), base, some_unmatched, now);
  }

  /// With what a new consumer begins. What has reached nobody as yet has reached somebody then.
  struct beginning {
    replay_events events;
    std::string failure; ///< Why its filter cannot judge the event after these, if it is to end then.
  };
  struct moment {
    time_point now;
    std::chrono::system_clock::time_point system_now;
  };
  beginning begin(const consumer_info& who, event_router::filtering& filtering, event_router& router, moment at);

  void set_bounds(history::bounds x, time_point now) { history_.set_bounds(x, now); }
  void clear() { history_.clear(); }

private:
  history history_;
  uint64_t epoch_;
  bool finds_duplicates_;
};

} // namespace cafbus
