#include "actors/history_reader.hpp"

#include "actors/type_wish.hpp"
#include "messages/event_cursor.hpp"
#include "messages/event_merge.hpp"
#include "messages/replay.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <unordered_set>

namespace cafbus {

namespace {

/// What a consumer gets may keep alive so many times its own bytes; beyond that it is copied together.
constexpr size_t most_pinned = 4;

/// A run of events that are taken, and what is known of its entry.
struct taken_run {
  event_range events;
  bool has_unclaimed;
};

class reading {
public:
  reading(history& from, const consumer_info& who, const compiled_filter_ptr& filter, const history_moment& at)
    : history_{from}, wish_{who}, replay_{*who.replay}, filter_{filter}, on_error_{who.on_filter_error}, at_{at} {}

  history_selection run() {
    find_begin();
    const auto& entries = history_.entries(at_.now);
    knows_ids_ = at_.finds_duplicates && history_.may_repeat_ids();
    for (auto i = entries.rbegin(); i != entries.rend() && !done_ && i->at >= not_before_; ++i)
      read(*i);
    std::ranges::reverse(taken_);
    finish();
    return std::move(result_);
  }

private:
  /// How far back it is to go.
  void find_begin() {
    if (replay_.last != 0)
      left_ = replay_.last;
    if (!replay_.since.empty())
      if (const auto since = parse_since(replay_.since, at_.system_now))
        not_before_ = at_.now - (at_.system_now - *since);
    const auto cursor = parse_cursor(replay_.cursor);
    if (!cursor)
      return;
    const auto gone = (history_.entries(at_.now), history_.last_gone()); // after what is too old has gone
    if (cursor->epoch != at_.epoch || cursor->position > at_.last_position) {
      result_.lost = gap_frame{1, 0, 0, gap_reason::restart};
      return;
    }
    after_ = cursor->position;
    if (gone > after_)
      result_.lost = gap_frame{1, 0, gone - after_, gap_reason::expired};
  }

  void read(const history::entry& x) {
    look_up_types(*x.events.batch);
    for (auto i = x.events.last; i != x.events.first && !done_; --i)
      read(x, i - 1);
  }

  void read(const history::entry& x, uint32_t i) {
    const auto& batch = *x.events.batch;
    if (x.events.position(i) <= after_) {
      done_ = true;
      return;
    }
    const auto& type = batch.type(i);
    if (!wanted_[batch.slots[i].type] || (replay_.latest && types_seen_.contains(type)))
      return;
    if (knows_ids_ && batch.slots[i].id_size != 0 && !ids_.insert(batch.id(i)).second)
      return;
    if (!passes(batch, i))
      return;
    if (replay_.latest)
      types_seen_.insert(type);
    take(x, i);
    done_ = --left_ == 0;
  }

  void look_up_types(const event_batch& batch) {
    wanted_.clear();
    for (const auto& type : batch.types) {
      auto [known, is_new] = type_answers_.try_emplace(type, false);
      if (is_new)
        known->second = wish_.stands_for(type);
      wanted_.push_back(known->second);
    }
  }

  /// Where it is to fail at what it cannot judge, such an event stays until it is clear what comes before it.
  bool passes(const event_batch& batch, uint32_t i) {
    if (!filter_)
      return true;
    const auto said = judge(batch, i);
    if (said == verdict::unknown && on_error_ != filter_error_policy::fail)
      ++result_.errors;
    const auto yes = said == verdict::yes || (said == verdict::unknown && on_error_ != filter_error_policy::skip);
    result_.filtered += yes ? 0 : 1;
    return yes;
  }

  verdict judge(const event_batch& batch, uint32_t i) {
    return payload_.open(batch, i) ? filter_->judge(payload_) : verdict::unknown;
  }

  void take(const history::entry& x, uint32_t i) {
    if (!taken_.empty() && taken_.back().events.batch == x.events.batch && taken_.back().events.first == i + 1)
      taken_.back().events.first = i;
    else
      taken_.push_back({{x.events.batch, i, i + 1, 0, {}, x.events.base}, x.has_unclaimed});
  }

  void finish() {
    if (filter_ && on_error_ == filter_error_policy::fail)
      cut_at_failure();
    for (auto& [events, has_unclaimed] : taken_) {
      if (knows_ids_ && has_unclaimed)
        for (auto i = events.first; i < events.last; ++i)
          if (events.batch->slots[i].id_size != 0)
            result_.unclaimed.emplace_back(events.batch->id(i));
      result_.events.push_back(std::move(events));
    }
    copy_together();
  }

  void cut_at_failure() {
    for (auto run = taken_.begin(); run != taken_.end(); ++run)
      for (auto i = run->events.first; i < run->events.last; ++i)
        if (const auto& batch = *run->events.batch; judge(batch, i) == verdict::unknown) {
          result_.failure =
              payload_.open(batch, i) ? filter_->why_unknown(payload_) : "there is no memory to read an event";
          ++result_.errors;
          run->events.last = i;
          taken_.erase(i == run->events.first ? run : run + 1, taken_.end());
          return;
        }
  }

  /// A consumer that is slow must not keep much more alive than it gets.
  void copy_together() {
    auto& events = result_.events;
    size_t bytes = 0;
    size_t pinned = 0;
    for (size_t i = 0; i < events.size(); ++i) {
      bytes += events[i].bytes() + events[i].size() * sizeof(event_batch::slot);
      if (i == 0 || events[i].batch != events[i - 1].batch)
        pinned += held_bytes(*events[i].batch);
    }
    if (pinned <= most_pinned * bytes)
      return;
    auto copy = std::make_shared<const event_batch>(merge({events.begin(), events.end()}));
    const auto size = static_cast<uint32_t>(copy->size());
    events = {event_range{std::move(copy), 0, size}};
  }

  history& history_;
  const type_wish wish_;
  const replay_wish& replay_;
  const compiled_filter_ptr& filter_;
  const filter_error_policy on_error_;
  const history_moment& at_;
  uint64_t left_ = std::numeric_limits<uint64_t>::max(); // events that it may still take
  history::time_point not_before_ = history::time_point::min();
  uint64_t after_ = 0; // a position
  bool done_ = false;
  bool knows_ids_ = false;
  std::vector<taken_run> taken_; // newest first
  std::unordered_map<std::string_view, bool> type_answers_;
  std::vector<bool> wanted_; // by type of the batch at hand
  std::unordered_set<std::string_view> types_seen_;
  std::unordered_set<std::string_view> ids_;
  payload_reader payload_;
  history_selection result_;
};

} // namespace

history_selection select(history& from, const consumer_info& who, const compiled_filter_ptr& filter,
                         const history_moment& at) {
  if (!who.replay)
    return {};
  return reading{from, who, filter, at}.run();
}

} // namespace cafbus
