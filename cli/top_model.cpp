#include "cli/top_model.hpp"

#include "cli/cells.hpp"
#include "cli/wanted_names.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

namespace cafbus {

namespace {

using consumer_name = std::tuple<int64_t, std::string, std::string>;

consumer_name consumer_name_of(const consumer_status& x) {
  return {x.pid, x.event_key, x.subscription_id};
}

/// The consumers of the look before, to be found again. Those of one name are told apart by their order.
class earlier_consumers {
public:
  explicit earlier_consumers(const status_response* x) {
    if (x != nullptr)
      for (const auto& consumer : x->consumers)
        by_name_[consumer_name_of(consumer)].push_back(&consumer);
  }

  /// Null if it was not there, or was another one.
  const consumer_status* find(const consumer_status& x) {
    const auto name = consumer_name_of(x);
    const auto found = by_name_.find(name);
    const auto nth = seen_[name]++;
    if (found == by_name_.end() || nth >= found->second.size())
      return nullptr;
    const auto* result = found->second[nth];
    return result->received > x.received || result->delivered > x.delivered ? nullptr : result;
  }

private:
  std::map<consumer_name, std::vector<const consumer_status*>> by_name_;
  std::map<consumer_name, size_t> seen_;
};

bool same_bus(const status_response* before, const status_response& now) {
  return before != nullptr && before->pid == now.pid && before->uptime_sec <= now.uptime_sec &&
         before->counters.ingress <= now.counters.ingress;
}

double rate(uint64_t before, uint64_t now, double seconds) {
  return seconds > 0 && now > before ? static_cast<double>(now - before) / seconds : 0;
}

uint64_t failures_of(const consumer_status& x) {
  return x.stats ? x.stats->failed + x.stats->lost : 0;
}

pace pace_of(const consumer_status& before, const top_row& x) {
  if (x.dropped > 0)
    return pace::dropping;
  if (x.failed > 0)
    return pace::failing;
  if (x.consumer.queued != 0 && before.queued != 0 && x.delivered == 0)
    return pace::stuck;
  if (!x.consumer.blocks.empty())
    return pace::delaying;
  if (x.consumer.queued != 0 && before.queued != 0)
    return x.consumer.queued < before.queued ? pace::catches_up : pace::behind;
  return x.received > 0 ? pace::keeps_up : pace::idle;
}

std::string lower(std::string text) {
  for (auto& c : text)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

} // namespace

std::vector<top_row> rows_between(const status_response* before, const status_response& now, double seconds) {
  earlier_consumers earlier{same_bus(before, now) ? before : nullptr};
  std::vector<top_row> result;
  for (const auto& x : now.consumers) {
    top_row row{.consumer = x};
    if (const auto* old = earlier.find(x)) {
      row.received = rate(old->received, x.received, seconds);
      row.delivered = rate(old->delivered, x.delivered, seconds);
      row.dropped = rate(old->dropped, x.dropped, seconds);
      row.failed = rate(failures_of(*old), failures_of(x), seconds);
      row.how = pace_of(*old, row);
    }
    result.push_back(std::move(row));
  }
  return result;
}

top_totals totals_between(const status_response* before, const status_response& now, double seconds,
                          const std::vector<top_row>& rows) {
  top_totals result;
  if (same_bus(before, now)) {
    result.received = rate(before->counters.ingress, now.counters.ingress, seconds);
    result.unmatched = rate(before->counters.unmatched, now.counters.unmatched, seconds);
    result.duplicates = rate(before->counters.duplicates, now.counters.duplicates, seconds);
  }
  for (const auto& x : rows) {
    result.delivered += x.delivered;
    result.dropped += x.dropped;
    result.queued += x.consumer.queued;
    result.queued_bytes += x.consumer.queued_bytes;
  }
  return result;
}

std::string reason(const top_row& x) {
  const auto takes = "takes " + short_number(x.delivered) + "/s of " + short_number(x.received) + "/s";
  const auto waiting = short_number(static_cast<double>(x.consumer.queued)) + " wait";
  switch (x.how) {
  case pace::dropping:
    return "loses " + short_number(x.dropped) + "/s, " + takes;
  case pace::failing:
    return "fails on " + short_number(x.failed) + "/s, " + takes;
  case pace::stuck:
    return "stuck: takes none, " + waiting;
  case pace::delaying:
    return "delays " + std::to_string(x.consumer.blocks.size()) + " publishers, " + takes;
  case pace::behind:
    return "behind: " + takes;
  case pace::catches_up:
    return "catches up: " + takes;
  default:
    if (x.consumer.dropped != 0)
      return "lost " + short_number(static_cast<double>(x.consumer.dropped)) + " before";
    if (auto failed = failures_of(x.consumer))
      return "failed on " + short_number(static_cast<double>(failed)) + " before";
    return x.how == pace::idle ? "idle" : "keeps up";
  }
}

const char* to_string(top_order x) {
  static constexpr std::array<const char*, top_orders> names{"trouble",  "lag", "drops", "delivered",
                                                             "received", "key", "pid"};
  return names[static_cast<size_t>(x)];
}

void sort_rows(std::vector<top_row>& rows, top_order by, bool reversed) {
  const auto before = [by](const top_row& a, const top_row& b) {
    switch (by) {
    case top_order::trouble:
      return std::tie(b.how, b.consumer.queued, b.consumer.dropped) <
             std::tie(a.how, a.consumer.queued, a.consumer.dropped);
    case top_order::lag:
      return b.consumer.queued < a.consumer.queued;
    case top_order::drops:
      return b.consumer.dropped < a.consumer.dropped;
    case top_order::delivered:
      return b.delivered < a.delivered;
    case top_order::received:
      return b.received < a.received;
    case top_order::key:
      return a.consumer.event_key < b.consumer.event_key;
    default:
      return a.consumer.pid < b.consumer.pid;
    }
  };
  std::ranges::stable_sort(
      rows, [](const auto& a, const auto& b) { return consumer_name_of(a.consumer) < consumer_name_of(b.consumer); });
  std::ranges::stable_sort(rows, [&](const auto& a, const auto& b) { return reversed ? before(b, a) : before(a, b); });
}

bool fits(const top_row& x, const std::string& filter) {
  const auto wanted = lower(filter);
  const auto has = [&](const std::string& text) { return lower(text).find(wanted) != std::string::npos; };
  return has(std::to_string(x.consumer.pid)) || has(x.consumer.event_key) || has(x.consumer.subscription_id) ||
         has(reason(x)) || std::ranges::any_of(wanted_names(x.consumer), has);
}

} // namespace cafbus
