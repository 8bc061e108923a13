#include "actors/interest_builder.hpp"

#include "config/defaults.hpp"
#include "messages/type_pattern.hpp"

#include <algorithm>
#include <unordered_set>

namespace cafbus {

void interest_builder::add(const std::vector<std::string>& types, const std::vector<std::string>& patterns,
                           const std::vector<node_path>& via) {
  for (size_t i = 0; i < types.size(); ++i)
    add_one({types[i], false}, via.empty() ? none_ : via[i]);
  for (size_t i = 0; i < patterns.size(); ++i)
    add_one({patterns[i], true}, via.empty() ? none_ : via[types.size() + i]);
}

void interest_builder::add_one(name what, const node_path& path) {
  auto goes_through = [&](uint64_t node) { return std::find(path.begin(), path.end(), node) != path.end(); };
  if (path.size() >= defaults::max_node_hops || goes_through(self_) || goes_through(peer_))
    return;
  auto [entry, is_new] = shortest_.try_emplace(what, &path);
  if (!is_new && path.size() < entry->second->size())
    entry->second = &path;
}

node_interest interest_builder::finish() const {
  node_interest result;
  for (const auto& [what, shortest] : shortest_) {
    auto path = *shortest;
    path.push_back(self_);
    result.types.emplace_back(what.first);
    result.via.push_back(std::move(path));
    result.is_pattern.push_back(what.second);
  }
  return result;
}

node_interest narrowed(node_interest x, const type_filter& admitted) {
  if (admitted.all)
    return x;
  node_interest result;
  std::unordered_set<std::string_view> taken;
  auto take = [&](const std::string& type, const node_path& via) {
    if (!taken.insert(type).second)
      return;
    result.types.push_back(type);
    result.via.push_back(via);
    result.is_pattern.push_back(false);
  };
  for (const auto& type : admitted.types)
    for (size_t i = 0; i < x.types.size(); ++i)
      if (is_pattern(x, i) ? matches(x.types[i], type) : x.types[i] == type)
        take(type, x.via[i]);
  return result;
}

} // namespace cafbus
