#include "actors/group_work.hpp"

#include "messages/event_merge.hpp"

#include <algorithm>

namespace cafbus {

namespace {

/// What an event that waits for its confirmation may keep alive of its batch beyond itself.
constexpr size_t most_pinned_beside = 4'096;

event_range one_of(const event_range& x, uint32_t i) {
  auto result = x;
  result.first = i;
  result.last = i + 1;
  return result;
}

} // namespace

bool group_work::has_room(const member& x) const {
  if (x.in_delivery || x.has.size() >= terms_.max_in_flight)
    return false;
  return terms_.ack || x.has.empty() || x.bytes < terms_.max_bytes;
}

/// Who has none gets one nevertheless: an event that is larger than the bound must not stand still for ever.
bool group_work::holds_enough() const {
  return terms_.ack && held_bytes_ >= terms_.max_held_bytes && free_.begin()->events != 0;
}

void group_work::take_off(member& x, const event_range& event) {
  x.bytes -= event.bytes();
  held_bytes_ -= event.bytes();
}

template <class F>
void group_work::change(member_id id, member& x, F how) {
  free_.erase(place_of(id, x));
  how();
  if (has_room(x))
    free_.insert(place_of(id, x));
}

void group_work::add(member_id id, bool tells_gaps) {
  auto& x = members_[id];
  x.tells_gaps = tells_gaps;
  x.turn = ++turn_;
  free_.insert(place_of(id, x));
}

void group_work::remove(member_id id, time_point now) {
  auto found = members_.find(id);
  if (found == members_.end())
    return;
  auto gone = std::move(found->second);
  free_.erase(place_of(id, gone));
  members_.erase(found);
  for (auto& [seq, event] : gone.has) {
    take_off(gone, event);
    settle(std::move(event), now, "left");
  }
}

/// What a member does not want, or has left, goes on.
void group_work::settle(event_range event, time_point due, const char* why) {
  if (terms_.ack && event.attempt >= terms_.max_attempts) {
    ++counts_.dead;
    dead_.push_back({std::move(event), why});
    return;
  }
  ++event.attempt;
  held_bytes_ += event.bytes();
  returned_bytes_ += event.bytes();
  returned_.emplace(due, std::move(event));
}

void group_work::take(const std::vector<event_range>& events, const std::vector<gap_frame>& gaps) {
  auto gap = gaps.begin();
  auto lose = [&] {
    counts_.received += gap->count;
    counts_.lost += gap->count;
    waiting_.push_back({{}, *gap++});
  };
  for (const auto& x : events) {
    while (gap != gaps.end() && gap->to_seq < x.seq)
      lose();
    counts_.received += x.size();
    waiting_events_ += x.size();
    waiting_.push_back({x, {}});
  }
  while (gap != gaps.end())
    lose();
}

bool group_work::wants_more() const {
  return waiting_events_ == 0 && returned_.size() < std::max<size_t>(members_.size(), 1) * terms_.max_in_flight &&
         (returned_.empty() || returned_bytes_ < terms_.max_held_bytes);
}

std::optional<event_range> group_work::next_event(time_point now) {
  if (auto first = returned_.begin(); first != returned_.end() && first->first <= now) {
    auto result = std::move(first->second);
    returned_.erase(first);
    held_bytes_ -= result.bytes();
    returned_bytes_ -= result.bytes();
    ++counts_.redelivered;
    return result;
  }
  while (!waiting_.empty()) {
    auto& next = waiting_.front();
    if (next.gap) {
      add_loss(next.gap->count, next.gap->reason);
      waiting_.pop_front();
      continue;
    }
    auto result = one_of(next.events, next.events.first);
    --waiting_events_;
    if (++next.events.first == next.events.last)
      waiting_.pop_front();
    return result;
  }
  return std::nullopt;
}

void group_work::add_loss(uint64_t count, gap_reason why) {
  auto same = std::ranges::find(losses_, why, &gap_frame::reason);
  if (same == losses_.end())
    losses_.push_back({0, 0, count, why});
  else
    same->count += count;
}

/// The member that gets the next event is told: by the hole in its numbers, and by gaps if it wants them.
void group_work::tell_losses(member& x) {
  for (auto& gap : losses_) {
    gap.from_seq = x.seq + 1;
    x.seq += gap.count;
    gap.to_seq = x.seq;
    x.dropped += gap.count;
    x.next_gaps.push_back(gap);
  }
  losses_.clear();
}

/// @pre it has room
void group_work::assign(member_id id, member& x, event_range event) {
  tell_losses(x);
  event.seq = ++x.seq;
  x.turn = ++turn_;
  x.bytes += event.bytes();
  held_bytes_ += event.bytes();
  if (!x.next.empty() && x.next.back().batch == event.batch && x.next.back().last == event.first &&
      x.next.back().attempt == event.attempt && x.next.back().seq + x.next.back().size() == event.seq)
    x.next.back().last = event.last;
  else
    x.next.push_back(event);
  x.has.emplace(event.seq, kept(event));
  to_hand_.insert(id);
}

/// What waits for a confirmation, which may take long, must not keep a whole batch alive.
event_range group_work::kept(const event_range& event) const {
  if (!terms_.ack || event.batch->bytes.size() <= event.bytes() + most_pinned_beside)
    return event;
  auto result = event;
  result.batch = std::make_shared<event_batch>(merge({event}));
  result.first = 0;
  result.last = 1;
  result.numbers = {};
  return result;
}

std::vector<group_work::hand> group_work::hand_out(time_point now) {
  while (!free_.empty() && !holds_enough()) {
    auto event = next_event(now);
    if (!event)
      break;
    const auto id = free_.begin()->id;
    auto& x = members_.find(id)->second;
    change(id, x, [&] { assign(id, x, std::move(*event)); });
  }
  std::vector<hand> result;
  for (auto id : std::exchange(to_hand_, {})) {
    auto& x = members_.find(id)->second;
    change(id, x, [&x] { x.in_delivery = true; });
    for (const auto& range : x.next)
      x.on_its_way += range.size();
    if (!x.tells_gaps)
      x.next_gaps.clear();
    result.push_back({id, std::exchange(x.next, {}), std::exchange(x.next_gaps, {})});
  }
  return result;
}

bool group_work::begin_delivery(member_id id) {
  auto found = members_.find(id);
  if (found == members_.end() || found->second.in_delivery)
    return false;
  change(id, found->second, [&] { found->second.in_delivery = true; });
  return true;
}

void group_work::written(member_id id) {
  auto found = members_.find(id);
  if (found == members_.end() || !found->second.in_delivery)
    return;
  auto& x = found->second;
  x.delivered += std::exchange(x.on_its_way, 0);
  change(id, x, [&] {
    x.in_delivery = false;
    if (terms_.ack)
      return;
    counts_.done += x.has.size();
    for (const auto& [seq, event] : x.has)
      take_off(x, event);
    x.has.clear();
  });
}

/// An event that a member has; none if it has no event of that number, which is counted.
std::optional<event_range> group_work::take_from(member_id id, uint64_t seq) {
  auto found = members_.find(id);
  if (found == members_.end() || !found->second.has.contains(seq)) {
    ++counts_.ignored;
    return std::nullopt;
  }
  auto& x = found->second;
  std::optional<event_range> result;
  change(id, x, [&] {
    result = std::move(x.has.extract(seq).mapped());
    take_off(x, *result);
  });
  return result;
}

void group_work::confirm(member_id id, uint64_t seq) {
  if (take_from(id, seq))
    ++counts_.done;
}

void group_work::give_back(member_id id, uint64_t seq, time_point due) {
  if (auto event = take_from(id, seq))
    settle(std::move(*event), due, "refused");
}

std::optional<group_work::time_point> group_work::next_due(time_point now) const {
  const auto next = returned_.upper_bound(now);
  return next == returned_.end() ? std::nullopt : std::optional{next->first};
}

bool group_work::idle() const {
  return waiting_events_ == 0 && returned_.empty() && dead_.empty() &&
         std::ranges::all_of(members_, [](const auto& x) { return x.second.has.empty() && !x.second.in_delivery; });
}

group_status group_work::status() const {
  auto result = counts_;
  result.members = members_.size();
  result.ack = terms_.ack;
  result.waiting = waiting_events_ + returned_.size();
  for (const auto& [id, x] : members_)
    result.in_flight += x.has.size();
  return result;
}

conn_counters group_work::counters_of(member_id id) const {
  const auto& x = members_.at(id);
  conn_counters result{x.seq, x.dropped, x.delivered, x.seq - x.dropped - x.delivered, 0};
  auto newest = x.has.rbegin(); // what is on its way was given last
  for (uint64_t i = 0; i < result.queued && newest != x.has.rend(); ++i, ++newest)
    result.queued_bytes += newest->second.bytes();
  return result;
}

uint64_t group_work::in_flight_of(member_id id) const {
  return members_.at(id).has.size();
}

} // namespace cafbus
