#include "testing/stream_ledger.hpp"

#include <algorithm>

namespace cafbus::testing {

uint64_t stream_ledger::taken(const stream& x) const {
  auto i = taken_.find(x);
  return i == taken_.end() ? 0 : i->second;
}

void stream_ledger::on_subscribed(uint64_t node, caf::actor_id consumer) {
  auto& entry = consumers_[consumer];
  entry = {node};
  for (const auto& [x, count] : taken_)
    if (x.first == node)
      entry.since.emplace(x, count);
  for (const auto& x : followed_[node])
    entry.since.emplace(x, taken(x));
}

void stream_ledger::on_followed(uint64_t node, const stream_count& x) {
  const stream followed{x.node, x.type};
  if (followed_[node].insert(followed).second)
    for (auto& [id, entry] : consumers_)
      if (entry.node == node)
        entry.since.emplace(followed, taken(followed));
}

void stream_ledger::on_due(caf::actor_id consumer, uint64_t node, const std::string& type) {
  if (auto entry = consumers_.find(consumer); entry != consumers_.end())
    entry->second.since.emplace(stream{node, type}, taken({node, type}));
}

void stream_ledger::on_crashed(uint64_t node) {
  crashed_.insert(node);
  followed_.erase(node);
  std::erase_if(consumers_, [&](const auto& x) { return x.second.node == node; });
}

stream_ledger::owed stream_ledger::owed_to(caf::actor_id consumer, const std::vector<std::string>& types,
                                           const std::function<bool(uint64_t node)>& is_in_reach) const {
  owed result;
  auto entry = consumers_.find(consumer);
  for (const auto& [x, count] : taken_) {
    const auto& [node, type] = x;
    if (std::find(types.begin(), types.end(), type) == types.end())
      continue;
    result.perhaps += count;
    if (entry == consumers_.end() || crashed_.contains(node) || !is_in_reach(node))
      continue;
    const auto since = entry->second.since.find(x);
    const auto is_heard = since != entry->second.since.end() || node == entry->second.node;
    if (!is_heard)
      result.unheard_of = node;
    const auto before = since == entry->second.since.end() ? (is_heard ? 0 : count) : since->second;
    result.exactly += count - before;
    result.perhaps -= count - before;
  }
  return result;
}

} // namespace cafbus::testing
