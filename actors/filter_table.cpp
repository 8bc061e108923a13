#include "actors/filter_table.hpp"

#include "actors/compiled_filter.hpp"

#include <algorithm>

namespace cafbus {

namespace {

void add_event(std::vector<event_span>& to, uint32_t i) {
  if (!to.empty() && to.back().last == i)
    ++to.back().last;
  else
    to.push_back({i, i + 1});
}

void note(filter_table::judgement& to, uint32_t i, verdict x) {
  if (x == verdict::no)
    return;
  add_event(to.not_no, i);
  if (x == verdict::yes) {
    add_event(to.yes, i);
    ++to.wanted;
  } else if (to.unknown++ == 0) {
    to.first_unknown = i;
    to.wanted_before = to.wanted;
  }
}

} // namespace

filter_table::filter_table() : reader_{std::make_unique<payload_reader>()} {}
filter_table::~filter_table() = default;
filter_table::filter_table(filter_table&&) noexcept = default;
filter_table& filter_table::operator=(filter_table&&) noexcept = default;

filter_table::filter_id filter_table::add(const compiled_filter_ptr& filter) {
  auto place = std::ranges::find(entries_, filter, &entry::filter);
  if (place == entries_.end())
    place = std::ranges::find(entries_, nullptr, &entry::filter);
  if (place == entries_.end())
    place = entries_.insert(place, entry{});
  if (!place->filter) {
    place->filter = filter;
    ++used_;
  }
  ++place->users;
  return static_cast<filter_id>(place - entries_.begin());
}

void filter_table::remove(filter_id id) {
  if (--entries_[id].users != 0)
    return;
  entries_[id] = {};
  --used_;
}

void filter_table::judge(const event_batch& batch, event_span events, std::span<const filter_id> ids) {
  for (auto id : ids) {
    entries_[id].asked_for = false;
    auto& last = entries_[id].last;
    last.yes.clear();
    last.not_no.clear();
    last.wanted = last.unknown = last.first_unknown = last.wanted_before = 0;
  }
  for (auto i = events.first; i < events.last; ++i) {
    const auto is_open = reader_->open(batch, i);
    for (auto id : ids)
      note(entries_[id].last, i, is_open ? entries_[id].filter->judge(*reader_) : verdict::unknown);
  }
}

std::string filter_table::why_unknown(filter_id id, const event_batch& batch, uint32_t i) {
  return reader_->open(batch, i) ? entries_[id].filter->why_unknown(*reader_) : "there is no memory to read it";
}

} // namespace cafbus
