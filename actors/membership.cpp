#include "actors/membership.hpp"

#include <algorithm>

namespace cafbus {

bool membership::locked(const std::string& id) const {
  auto i = entries_.find(id);
  return i != entries_.end() && i->second.holder;
}

size_t membership::count(const std::string& id) const {
  auto i = entries_.find(id);
  return i == entries_.end() ? 0 : i->second.members.size();
}

bool membership::enter(const std::string& id, member_id who) {
  auto& members = entries_[id].members;
  auto i = std::find_if(members.begin(), members.end(), [&](const auto& x) { return x.first == who; });
  if (i != members.end())
    return i->second;
  auto first = members.empty();
  members.emplace_back(who, first);
  ids_of_[who].push_back(id);
  return first;
}

membership::leaving membership::leave(const std::string& id, member_id who) {
  auto i = entries_.find(id);
  if (i == entries_.end())
    return {};
  auto& [members, holder] = i->second;
  if (std::erase_if(members, [&](const auto& x) { return x.first == who; }) == 0)
    return {};
  auto ids = ids_of_.find(who);
  std::erase(ids->second, id);
  if (ids->second.empty())
    ids_of_.erase(ids);
  leaving result{true, members.empty(), holder == who};
  if (result.unlocked)
    holder.reset();
  if (result.last)
    entries_.erase(i);
  return result;
}

bool membership::try_lock(const std::string& id, member_id who) {
  auto i = entries_.find(id);
  if (i == entries_.end() || i->second.holder)
    return false;
  const auto& members = i->second.members;
  if (members.size() != 1 || members.front().first != who)
    return false;
  i->second.holder = who;
  return true;
}

bool membership::unlock(const std::string& id, member_id who) {
  auto i = entries_.find(id);
  if (i == entries_.end() || i->second.holder != who)
    return false;
  i->second.holder.reset();
  return true;
}

void membership::force_unlock(const std::string& id) {
  if (auto i = entries_.find(id); i != entries_.end())
    i->second.holder.reset();
}

std::vector<std::string> membership::ids_of(member_id who) const {
  auto i = ids_of_.find(who);
  return i == ids_of_.end() ? std::vector<std::string>{} : i->second;
}

} // namespace cafbus
