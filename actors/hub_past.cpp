#include "actors/hub_past.hpp"

#include "actors/history_reader.hpp"

#include <utility>

namespace cafbus {

hub_past::beginning hub_past::begin(const consumer_info& who, event_router::filtering& filtering, event_router& router,
                                    time_point now) {
  auto chosen = select(history_, who, filtering.filter,
                       {epoch_, router.counters().ingress, now, std::chrono::system_clock::now(), finds_duplicates_});
  for (const auto& id : chosen.unclaimed)
    router.claim(id, now);
  filtering.filtered += chosen.filtered;
  filtering.errors += chosen.errors;
  filtering.failed = !chosen.failure.empty();
  return {{std::move(chosen.events), chosen.lost, epoch_}, std::move(chosen.failure)};
}

} // namespace cafbus
