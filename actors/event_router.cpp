#include "actors/event_router.hpp"

#include "config/defaults.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_set>

namespace cafbus {

namespace {

/// Types of which it is kept who wants them while there are patterns.
constexpr size_t most_known_types = 131'072;

} // namespace

uint32_t event_router::add(subscriber_id id, const std::vector<std::string>& types,
                           const std::vector<std::string>& patterns) {
  uint32_t slot = 0;
  if (free_.empty()) {
    slot = static_cast<uint32_t>(slots_.size());
    slots_.push_back({});
    types_.push_back({});
    patterns_of_.push_back({});
    filter_of_.push_back(filter_table::none);
    filtering_.push_back({});
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  slots_[slot].subscriber = id;
  slot_of_.emplace(id, slot);
  for (const auto& type : types) {
    auto& list = index_[type];
    if (!list.empty() && list.back() == slot)
      continue; // named twice
    list.push_back(slot);
    types_[slot].push_back(type);
    known_.erase(type);
  }
  std::unordered_set<std::string_view> taken;
  for (const auto& pattern : patterns) {
    if (!taken.insert(pattern).second)
      continue;
    patterns_.add(pattern, slot);
    patterns_of_[slot].push_back(pattern);
    ++generation_;
  }
  return slot;
}

void event_router::remove(subscriber_id id) {
  auto i = slot_of_.find(id);
  if (i == slot_of_.end())
    return;
  auto slot = i->second;
  slot_of_.erase(i);
  for (const auto& type : types_[slot]) {
    auto entry = index_.find(type);
    std::erase(entry->second, slot);
    if (entry->second.empty())
      index_.erase(entry);
    known_.erase(type);
  }
  for (const auto& pattern : patterns_of_[slot]) {
    patterns_.remove(pattern, slot);
    ++generation_;
  }
  if (patterns_.empty())
    known_ = {};
  if (filter_of_[slot] != filter_table::none)
    filters_.remove(filter_of_[slot]);
  filter_of_[slot] = filter_table::none;
  filtering_[slot] = {};
  patterns_of_[slot] = std::vector<std::string>{}; // `= {}` would keep the memory
  types_[slot] = std::vector<std::string>{};
  slots_[slot] = {};
  free_.push_back(slot);
}

void event_router::set_filter(subscriber_id id, filtering x) {
  auto i = slot_of_.find(id);
  if (i == slot_of_.end() || !x.filter)
    return;
  filter_of_[i->second] = filters_.add(x.filter);
  filtering_[i->second] = std::move(x);
}

event_router::filtering event_router::filtering_of(subscriber_id id) const {
  auto i = slot_of_.find(id);
  return i == slot_of_.end() ? filtering{} : filtering_[i->second];
}

const event_router::subscribers* event_router::resolve(const std::string& type) {
  auto named = index_.find(type);
  if (patterns_.empty())
    return named == index_.end() ? nullptr : &named->second;
  auto& known = known_[type];
  if (known.generation != generation_) {
    known.generation = generation_;
    known.wanted_by.clear();
    if (named != index_.end())
      known.wanted_by = named->second;
    patterns_.find(type, known.wanted_by);
    std::sort(known.wanted_by.begin(), known.wanted_by.end());
    known.wanted_by.erase(std::unique(known.wanted_by.begin(), known.wanted_by.end()), known.wanted_by.end());
  }
  return known.wanted_by.empty() ? nullptr : &known.wanted_by;
}

std::vector<event_router::subscriber_id> event_router::wanting(const std::string& type) {
  std::vector<subscriber_id> result;
  resolve_all({type});
  if (resolved_.front())
    for (auto slot : *resolved_.front())
      result.push_back(slots_[slot].subscriber);
  return result;
}

void event_router::resolve_all(const std::vector<std::string>& types) {
  if (known_.size() + types.size() > most_known_types)
    known_.clear();
  resolved_.clear();
  for (const auto& type : types)
    resolved_.push_back(resolve(type));
}

/// Not a repetition, by its origin or by its id; it is one from now on.
bool event_router::is_new(const event_batch& batch, uint32_t i, const dedup_window::key& id,
                          dedup_window::time_point now) {
  return is_due(batch, i) && dedup_.claim(id, now);
}

/// For an event that is some way off.
void event_router::look_ahead(const event_batch& batch, size_t i) {
  if (i < batch.size() && resolved_[batch.slots[i].type])
    ids_ahead_[i % ids_ahead_.size()] = dedup_.prefetch(batch.id(i));
}

bool event_router::is_due(const event_batch& batch, uint32_t i) {
  if (batch.origins.empty())
    return true;
  const auto [taken, lost] = streams_.claim(batch.origins[i], batch.type(i));
  if (lost != 0)
    lost_[batch.type(i)] += lost;
  return taken;
}

/// @returns null if the events of this batch are not to be numbered.
std::shared_ptr<batch_numbers> event_router::begin_numbering(const event_batch& batch) {
  own_.clear();
  if (!streams_.numbers_own() || !batch.origins.empty())
    return nullptr;
  for (const auto& type : batch.types)
    own_.push_back(streams_.own(type));
  return std::make_shared<batch_numbers>(
      batch_numbers{counters_.ingress + 1, std::vector<uint64_t>(batch.size(), uint64_t{0})});
}

std::span<const event_router::route> event_router::routes(const event_batch& batch, dedup_window::time_point now) {
  resolve_all(batch.types);
  missed_.assign(batch.types.size(), 0);
  const auto numbers = begin_numbering(batch);
  lost_.clear();
  failed_.clear();
  fresh_.clear();
  event_span fresh;
  run current;
  for (size_t i = 0; i < ids_ahead_.size(); ++i)
    look_ahead(batch, i);
  for (uint32_t i = 0; i < batch.size(); ++i) {
    const auto id = ids_ahead_[i % ids_ahead_.size()];
    look_ahead(batch, i + ids_ahead_.size());
    auto type = batch.slots[i].type;
    const auto wanted = resolved_[type] != nullptr;
    if (wanted && !is_new(batch, i, id, now)) {
      ++counters_.duplicates;
      add_fresh({fresh.first, i});
      fresh.first = i + 1;
      continue;
    }
    if (numbers && own_[type])
      numbers->of_type[i] = ++*own_[type];
    if (!wanted) {
      ++missed_[type];
      if (!batch.origins.empty())
        streams_.pass(batch.origins[i], batch.type(i));
    } else if (current.type == type && current.span.last == i && current.span.first != i) {
      ++current.span.last;
    } else {
      flush(batch, current);
      current = {type, {i, i + 1}};
    }
  }
  numbers_ = numbers;
  flush(batch, current);
  add_fresh({fresh.first, static_cast<uint32_t>(batch.size())});
  counters_.ingress += batch.size();
  for (size_t type = 0; type < missed_.size(); ++type)
    if (missed_[type] > 0)
      count_unmatched(batch.types[type], missed_[type]);
  auto count = touched_.size();
  if (result_.size() < count)
    result_.resize(count);
  for (size_t i = 0; i < count; ++i) {
    auto& from = slots_[touched_[i]];
    result_[i].subscriber = from.subscriber;
    result_[i].slot = touched_[i];
    result_[i].spans.clear();
    result_[i].spans.swap(from.spans); // both keep their capacity, so that neither allocates again
  }
  touched_.clear();
  return {result_.data(), count};
}

void event_router::add_fresh(event_span x) {
  if (x.first != x.last)
    fresh_.push_back(x);
}

void event_router::flush(const event_batch& batch, const run& x) {
  if (x.span.first == x.span.last)
    return;
  counters_.matched += x.span.last - x.span.first;
  if (!filters_.empty()) {
    flush_filtered(batch, x);
    return;
  }
  const auto span = x.span; // by value, so that the loop need not look again
  for (auto slot : *resolved_[x.type])
    add_span(slot, span.first, span.last);
}

inline void event_router::add_span(uint32_t slot, uint32_t first, uint32_t last) {
  auto& spans = slots_[slot].spans;
  if (spans.empty())
    touched_.push_back(slot);
  if (!spans.empty() && spans.back().last == first)
    spans.back().last = last;
  else
    spans.push_back({first, last});
}

/// The filters of all its subscribers are evaluated together, so that each payload is opened once.
void event_router::flush_filtered(const event_batch& batch, const run& x) {
  filtered_.clear();
  filters_due_.clear();
  for (auto slot : *resolved_[x.type]) {
    if (filter_of_[slot] == filter_table::none) {
      add_span(slot, x.span.first, x.span.last);
    } else if (!filtering_[slot].failed) {
      filtered_.push_back(slot);
      if (filters_.ask_for(filter_of_[slot]))
        filters_due_.push_back(filter_of_[slot]);
    }
  }
  if (filtered_.empty())
    return;
  filters_.judge(batch, x.span, filters_due_);
  for (auto slot : filtered_)
    add_judged(slot, batch, x);
}

void event_router::add_judged(uint32_t slot, const event_batch& batch, const run& x) {
  auto& state = filtering_[slot];
  const auto& judged = filters_[filter_of_[slot]];
  const auto passes = state.on_error == filter_error_policy::pass;
  state.failed = state.on_error == filter_error_policy::fail && judged.unknown != 0;
  const auto end = state.failed ? judged.first_unknown : x.span.last;
  for (auto span : passes ? judged.not_no : judged.yes)
    if (span.first < end)
      add_span(slot, span.first, std::min(span.last, end));
  const auto given = state.failed ? judged.wanted_before : judged.wanted + (passes ? judged.unknown : 0);
  state.filtered += end - x.span.first - given;
  state.errors += state.failed ? 1 : judged.unknown;
  if (state.failed)
    failed_.push_back({slots_[slot].subscriber, filters_.why_unknown(filter_of_[slot], batch, end)});
}

void event_router::count_unmatched(const std::string& type, uint64_t count) {
  counters_.unmatched += count;
  auto i = std::find_if(unmatched_.begin(), unmatched_.end(), [&](const auto& x) { return x.event_type == type; });
  if (i == unmatched_.end()) {
    if (unmatched_.size() == defaults::unmatched_types)
      unmatched_.pop_back();
    i = unmatched_.insert(unmatched_.begin(), {type, 0});
  }
  i->count += count;
  std::rotate(unmatched_.begin(), i, i + 1); // newest first
}

} // namespace cafbus
