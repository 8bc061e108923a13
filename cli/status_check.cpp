#include "cli/status_check.hpp"

#include "cli/console.hpp"

#include <initializer_list>
#include <utility>

namespace cafbus {

namespace {

using part = std::pair<const char*, uint64_t>;

/// Nothing if the parts make up the whole. Sums wrap around as the counters would.
std::string difference(const std::string& whose, part whole, std::initializer_list<part> parts) {
  uint64_t sum = 0;
  std::string names;
  std::string values;
  for (const auto& [name, value] : parts) {
    sum += value;
    names += (names.empty() ? "" : " + ") + std::string{name};
    values += (values.empty() ? "" : " + ") + std::to_string(value);
  }
  if (whole.second == sum)
    return {};
  auto off = whole.second > sum ? std::to_string(whole.second - sum) + " missing"
                                : std::to_string(sum - whole.second) + " too many";
  return whose + ": " + whole.first + " = " + names + " does not hold: " + std::to_string(whole.second) + " and " +
         values + ", " + off;
}

} // namespace

std::vector<std::string> unaccounted(const status_response& x) {
  std::vector<std::string> result;
  auto note = [&result](std::string text) {
    if (!text.empty())
      result.push_back(std::move(text));
  };
  if (!counts_events(x))
    return {"this bus is of another make, and does not report what happened to its events"};
  const auto& c = x.counters;
  note(difference("bus", {"ingress", c.ingress},
                  {{"duplicates", c.duplicates}, {"unmatched", c.unmatched}, {"matched", c.matched}}));
  for (const auto& y : x.consumers)
    note(difference("consumer " + std::to_string(y.pid) + " (" + plain(y.event_key) + ")", {"received", y.received},
                    {{"delivered", y.delivered}, {"dropped", y.dropped}, {"queued", y.queued}}));
  for (const auto& y : x.groups)
    note(difference(
        "group " + plain(y.name), {"received", y.received},
        {{"waiting", y.waiting}, {"in_flight", y.in_flight}, {"done", y.done}, {"dead", y.dead}, {"lost", y.lost}}));
  return result;
}

} // namespace cafbus
