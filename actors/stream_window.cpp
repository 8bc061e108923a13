#include "actors/stream_window.hpp"

#include "config/defaults.hpp"

#include <algorithm>

namespace cafbus {

namespace {

/// Holes of a stream with events between them that have not come yet: more than a message from another bus brings
/// would be a lie.
constexpr size_t most_ranges = 64;

} // namespace

stream_window::stream& stream_window::find_or_add(uint64_t node, const std::string& type) {
  auto i = streams_.find(stream_key_view{node, type});
  if (i == streams_.end()) {
    if (streams_.size() >= defaults::max_streams)
      forget_half();
    i = streams_.emplace(stream_key{node, type}, stream{}).first;
  }
  i->second.used = ++uses_;
  return i->second;
}

/// Own streams stay: their numbers must not start again.
void stream_window::forget_half() {
  std::vector<uint64_t> used;
  for (const auto& [key, x] : streams_)
    if (key.node != self_)
      used.push_back(x.used);
  auto middle = used.begin() + static_cast<std::ptrdiff_t>(used.size() / 2);
  std::nth_element(used.begin(), middle, used.end());
  std::erase_if(streams_, [&](const auto& x) { return x.first.node != self_ && x.second.used <= *middle; });
}

/// What touches the new end belongs to it.
void stream_window::stream::come_to(uint64_t to) {
  type_number = std::max(type_number, to);
  auto i = ahead.begin();
  for (; i != ahead.end() && i->first <= type_number + 1; ++i)
    type_number = std::max(type_number, i->last);
  ahead.erase(ahead.begin(), i);
}

/// All before it, but for what has come or was missed.
uint64_t stream_window::stream::absent_before(uint64_t to) const {
  if (to <= type_number + 1)
    return 0;
  auto result = to - 1 - type_number;
  for (const auto& x : ahead)
    if (x.first < to)
      result -= std::min(x.last, to - 1) - x.first + 1;
  return result;
}

stream_window::claimed stream_window::claim(const event_origin& x, const std::string& type) {
  if (x.node == self_)
    return {};
  auto& bus = find_or_add(x.node, {}); // no type has that name
  auto& entry = find_or_add(x.node, type);
  auto was_missed = [n = x.type_number](const missed_range& y) { return y.first <= n && n <= y.last; };
  if (x.number <= entry.number) { // maybe over a link that does not number
    entry.come_to(x.type_number);
    return {};
  }
  if ((x.type_number != 0 && x.type_number <= entry.type_number) || std::ranges::any_of(entry.ahead, was_missed))
    return {};
  const auto skipped = entry.followers > 0 ? entry.absent_before(x.type_number) : 0;
  entry.number = x.number;
  entry.come_to(x.type_number);
  entry.hops = x.hops;
  if (x.number < bus.number)
    return {.taken = false, .lost = skipped + 1};
  bus.number = x.number;
  return {.taken = true, .lost = skipped};
}

void stream_window::pass(const event_origin& x, const std::string& type) {
  auto i = streams_.find(stream_key_view{x.node, type});
  if (x.node != self_ && i != streams_.end())
    i->second.come_to(x.type_number);
}

bool stream_window::follow(const stream_count& x) {
  if (x.node == self_)
    return false;
  const auto before = streams_.size();
  auto& entry = find_or_add(x.node, x.type);
  if (streams_.size() != before)
    entry.hops = x.hops;
  const auto first = entry.followers++ == 0;
  if (first) {
    entry.first = std::max(x.number, entry.type_number);
    entry.followed_at = uses_;
    if (x.number > entry.type_number)
      entry.come_to(x.number);
  }
  return first;
}

void stream_window::unfollow(const stream_count& x) {
  auto i = streams_.find(stream_key_view{x.node, x.type});
  if (i != streams_.end() && i->second.followers > 0)
    --i->second.followers;
}

uint64_t stream_window::miss(const missing_events& x) {
  if (x.node == self_)
    return 0;
  auto& entry = find_or_add(x.node, x.type);
  missed_range rest{std::max(x.first, entry.type_number + 1), x.last};
  if (rest.first > rest.last)
    return 0;
  entry.hops = x.hops;
  // the ranges that it overlaps become one with it
  uint64_t result = rest.last - rest.first + 1;
  auto first = std::ranges::find_if(entry.ahead, [&](const auto& y) { return y.last + 1 >= rest.first; });
  auto last = first;
  for (; last != entry.ahead.end() && last->first <= rest.last + 1; ++last) {
    const auto from = std::max(last->first, rest.first);
    const auto to = std::min(last->last, rest.last);
    result -= from <= to ? to - from + 1 : 0;
    rest = {std::min(rest.first, last->first), std::max(rest.last, last->last)};
  }
  entry.ahead.insert(entry.ahead.erase(first, last), rest);
  entry.come_to(entry.type_number);
  if (entry.ahead.size() > most_ranges)
    entry.come_to(entry.ahead.front().last);
  return result;
}

void stream_window::begin_own(const std::vector<std::string>& types) {
  if (numbers_own_)
    for (const auto& type : types)
      own(type);
}

uint64_t* stream_window::own(const std::string& type) {
  auto i = streams_.find(stream_key_view{self_, type});
  if (i == streams_.end()) {
    if (own_ >= defaults::max_own_streams)
      return nullptr;
    ++own_;
    return &find_or_add(self_, type).type_number;
  }
  return &i->second.type_number;
}

} // namespace cafbus
