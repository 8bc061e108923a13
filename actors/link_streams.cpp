#include "actors/link_streams.hpp"

#include "config/defaults.hpp"

#include <algorithm>

namespace cafbus {

bool link_streams::is_settled(const std::string& type) const {
  auto is_known = [&](uint32_t since) { return since <= answered_; };
  if (auto i = types_.find(type); i != types_.end() && is_known(i->second))
    return true;
  std::vector<uint32_t> since; // patterns of this type were asked for
  index_.find(type, since);
  return std::ranges::any_of(since, is_known);
}

bool link_streams::is_asked(const std::string& type) const {
  return types_.contains(type) || index_.matches(type);
}

void link_streams::index_patterns() {
  index_ = {};
  for (const auto& [pattern, since] : patterns_)
    index_.add(pattern, since);
}

void link_streams::connected(uint64_t peer) {
  auto was_answered = [this](const auto& x) { return x.second <= answered_; };
  for (auto* wishes : {&types_, &patterns_}) {
    std::erase_if(*wishes, [&](const auto& x) { return !was_answered(x); }); // there is nothing to go on from
    for (auto& [name, since] : *wishes)
      since = 0;
  }
  index_patterns();
  peer_ = peer;
  asked_count_ = answered_ = 0;
}

stream_news link_streams::ask(const node_interest& x) {
  ++asked_count_;
  std::unordered_map<std::string, uint32_t> types;
  std::unordered_map<std::string, uint32_t> patterns;
  for (size_t i = 0; i < x.types.size(); ++i) {
    auto& before = is_pattern(x, i) ? patterns_ : types_;
    auto known = before.find(x.types[i]);
    (is_pattern(x, i) ? patterns : types).emplace(x.types[i], known == before.end() ? asked_count_ : known->second);
  }
  types_ = std::move(types);
  patterns_ = std::move(patterns);
  index_patterns();
  stream_news news;
  std::erase_if(streams_, [&](const auto& y) {
    if (is_asked(y.second.type))
      return false;
    news.left.push_back(y.second);
    return true;
  });
  latest_ = nullptr;
  return news;
}

stream_count* link_streams::find(uint64_t node, const std::string& type) {
  if (latest_ && latest_->node == node && latest_->type == type)
    return latest_;
  auto i = streams_.find(stream_key_view{node, type});
  return i == streams_.end() ? nullptr : latest_ = &i->second;
}

stream_count* link_streams::add(const stream_count& from, stream_news& news) {
  if (streams_.size() >= defaults::max_link_streams) {
    overflown_ = true;
    return nullptr;
  }
  news.followed.push_back(from);
  return latest_ = &streams_.emplace(stream_key{from.node, from.type}, from).first->second;
}

void link_streams::advance(stream_count& x, uint64_t missing_to, uint64_t to, uint32_t hops, stream_news& news) {
  if (missing_to > x.number)
    news.missing.push_back({x.node, x.type, x.number + 1, missing_to, hops});
  x.number = std::max(x.number, to);
  x.hops = hops;
}

void link_streams::on_event(const event_origin& x, const std::string& type, stream_news& news) {
  if (x.type_number == 0)
    return; // not numbered
  auto* followed = find(x.node, type);
  if (!followed && is_settled(type)) {
    stream_count from{x.node, type, x.type_number - 1, x.hops};
    if (begins_here(from))
      from.number = 0; // of a type that did not exist when the other bus answered
    followed = add(from, news);
  }
  if (followed)
    advance(*followed, x.type_number - 1, x.type_number, x.hops, news);
}

void link_streams::on_list(const std::vector<stream_count>& list, uint32_t answered, bool complete, stream_news& news) {
  for (const auto& x : list) {
    auto* followed = find(x.node, x.type);
    if (!followed && is_asked(x.type)) {
      auto from = x;
      if (is_settled(x.type) && begins_here(x))
        from.number = 0;
      followed = add(from, news);
    }
    if (followed)
      advance(*followed, x.number, x.number, x.hops, news);
  }
  if (complete)
    answered_ = std::max(answered_, std::min(answered, asked_count_));
}

stream_news link_streams::end() {
  return ask({});
}

} // namespace cafbus
