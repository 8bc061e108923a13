#include "actors/pattern_index.hpp"

namespace cafbus {

uint32_t pattern_index::child(uint32_t parent, std::string_view token) {
  if (auto i = nodes_[parent].next.find(token); i != nodes_[parent].next.end())
    return i->second;
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(nodes_.size()));
    nodes_.emplace_back();
  }
  auto id = free_.back();
  free_.pop_back();
  nodes_[id].parent = parent;
  nodes_[id].token = token;
  nodes_[parent].next.emplace(token, id);
  return id;
}

void pattern_index::add(std::string_view pattern, subscriber id) {
  uint32_t at = 0;
  ++size_;
  while (pattern.data() != nullptr) {
    auto token = cut_token(pattern);
    if (token == ">") {
      nodes_[at].rest.push_back(id);
      return;
    }
    at = child(at, token);
  }
  nodes_[at].here.push_back(id);
}

void pattern_index::remove(std::string_view pattern, subscriber id) {
  uint32_t at = 0;
  --size_;
  while (pattern.data() != nullptr) {
    auto token = cut_token(pattern);
    if (token == ">") {
      std::erase(nodes_[at].rest, id);
      return drop_if_unused(at);
    }
    at = nodes_[at].next.find(token)->second;
  }
  std::erase(nodes_[at].here, id);
  drop_if_unused(at);
}

void pattern_index::drop_if_unused(uint32_t id) {
  while (id != 0) {
    auto& x = nodes_[id];
    if (!x.next.empty() || !x.here.empty() || !x.rest.empty())
      return;
    auto parent = x.parent;
    nodes_[parent].next.erase(x.token);
    x = {};
    free_.push_back(id);
    id = parent;
  }
}

void pattern_index::find(std::string_view type, std::vector<subscriber>& result) const {
  auto append = [&](const std::vector<subscriber>& some) { result.insert(result.end(), some.begin(), some.end()); };
  std::vector<uint32_t> reached{0}, next;
  while (type.data() != nullptr && !reached.empty()) {
    auto token = cut_token(type);
    next.clear();
    for (auto id : reached) {
      const auto& x = nodes_[id];
      append(x.rest);
      if (auto i = x.next.find(token); i != x.next.end())
        next.push_back(i->second);
      if (token == "*") // a type may have such a token, too; it is the same child
        continue;
      if (auto i = x.next.find(std::string_view{"*"}); i != x.next.end())
        next.push_back(i->second);
    }
    reached.swap(next);
  }
  for (auto id : reached)
    append(nodes_[id].here);
}

bool pattern_index::matches(std::string_view type) const {
  if (empty())
    return false; // most often: without an allocation
  std::vector<subscriber> found;
  find(type, found);
  return !found.empty();
}

} // namespace cafbus
