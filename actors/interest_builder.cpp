#include "actors/interest_builder.hpp"

#include "config/defaults.hpp"

#include <algorithm>

namespace cafbus {

void interest_builder::add(const std::vector<std::string>& types, const std::vector<node_path>& via) {
  auto goes_through = [](const node_path& path, uint64_t node) {
    return std::find(path.begin(), path.end(), node) != path.end();
  };
  for (size_t i = 0; i < types.size(); ++i) {
    const auto& path = via.empty() ? none_ : via[i];
    if (path.size() >= defaults::max_node_hops || goes_through(path, self_) || goes_through(path, peer_))
      continue;
    auto [entry, is_new] = shortest_.try_emplace(types[i], &path);
    if (!is_new && path.size() < entry->second->size())
      entry->second = &path;
  }
}

node_interest interest_builder::finish() const {
  std::vector<std::string_view> types;
  for (const auto& [type, path] : shortest_)
    types.push_back(type);
  std::sort(types.begin(), types.end());
  node_interest result;
  for (auto type : types) {
    auto path = *shortest_.find(type)->second;
    path.push_back(self_);
    result.types.emplace_back(type);
    result.via.push_back(std::move(path));
  }
  return result;
}

} // namespace cafbus
