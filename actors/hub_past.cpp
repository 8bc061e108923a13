#include "actors/hub_past.hpp"

#include "actors/history_reader.hpp"

#include <utility>

namespace cafbus {

hub_past::beginning hub_past::begin(const consumer_info& who, event_router::filtering& filtering, event_router& router,
                                    moment at) {
  auto chosen = select(history_, who, filtering.filter,
                       {epoch_, router.counters().ingress, at.now, at.system_now, finds_duplicates_});
  for (const auto& id : chosen.unclaimed)
    router.claim(id, at.now);
  filtering.filtered += chosen.filtered;
  filtering.errors += chosen.errors;
  filtering.failed = !chosen.failure.empty();
  return {{std::move(chosen.events), chosen.lost, epoch_}, std::move(chosen.failure)};
}

} // namespace cafbus
