#include "testing/laws.hpp"

#include <fmt/core.h>

namespace cafbus::laws {

std::string conservation(const bus_counters& x, const std::vector<consumer_status>& consumers) {
  if (x.ingress != x.duplicates + x.unmatched + x.matched)
    return fmt::format("ingress {} is not duplicates {} + unmatched {} + matched {}", x.ingress, x.duplicates,
                       x.unmatched, x.matched);
  for (const auto& y : consumers)
    if (auto broken = conservation(conn_counters{y.received, y.dropped, y.delivered, y.queued, y.queued_bytes});
        !broken.empty())
      return fmt::format("consumer of {}: {}", y.event_key, broken);
  return {};
}

std::string conservation(const conn_counters& x) {
  if (x.received != x.delivered + x.dropped + x.queued)
    return fmt::format("received {} is not delivered {} + dropped {} + queued {}", x.received, x.delivered, x.dropped,
                       x.queued);
  return {};
}

std::string order(const std::vector<uint64_t>& seqs, uint64_t dropped, uint64_t last_seq) {
  uint64_t last = 0;
  uint64_t holes = 0;
  for (auto seq : seqs) {
    if (seq <= last)
      return fmt::format("sequence number {} after {}", seq, last);
    holes += seq - last - 1;
    last = seq;
  }
  holes += last_seq - last;
  if (holes != dropped)
    return fmt::format("{} sequence numbers are missing, {} events were dropped", holes, dropped);
  return {};
}

std::string bounds(const conn_counters& x, uint64_t queue_capacity, uint64_t delivery_events) {
  if (x.queued > queue_capacity + delivery_events)
    return fmt::format("{} events wait, at most {} + {} may", x.queued, queue_capacity, delivery_events);
  return {};
}

std::string cleanup(const std::vector<turn>& turns) {
  size_t inside = 0;
  for (size_t i = 0; i < turns.size(); ++i) {
    using enum turn::kind;
    switch (turns[i].what) {
    case first:
      if (inside != 0)
        return fmt::format("turn {}: first, but {} are in", i, inside);
      inside = 1;
      break;
    case joined:
      if (inside == 0)
        return fmt::format("turn {}: joined as not the first, but nobody is in", i);
      ++inside;
      break;
    case last:
      if (inside != 1)
        return fmt::format("turn {}: last, but {} are in", i, inside);
      inside = 0;
      break;
    case left:
      if (inside < 2)
        return fmt::format("turn {}: left as not the last, but {} are in", i, inside);
      --inside;
    }
  }
  return {};
}

} // namespace cafbus::laws
