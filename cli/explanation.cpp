#include "cli/explanation.hpp"

#include "base/shell_word.hpp"
#include "base/text.hpp"
#include "cli/console.hpp"
#include "cli/status_check.hpp"
#include "cli/wanted_names.hpp"
#include "messages/filter_text.hpp"

#include <algorithm>

namespace cafbus {

namespace {

/// Whether a consumer's names and the key can stand for the same type. Two patterns are compared as names.
bool concerns(const consumer_status& x, const std::string& key) {
  if (x.event_key == key || wants(x, key))
    return true;
  return has_wildcard(key) &&
         std::ranges::any_of(wanted_names(x), [&](const auto& name) { return name == key || matches(key, name); });
}

bool stands_for(const std::string& key, const std::string& type) {
  return key == type || (has_wildcard(key) && check_pattern(key) && matches(key, type));
}

class explaining {
public:
  explaining(const status_response& x, const std::string& key, int64_t pid) : x_{x}, key_{key} {
    std::ranges::copy_if(x.consumers, std::back_inserter(consumers_),
                         [&](const auto& y) { return pid == 0 ? concerns(y, key) : y.pid == pid; });
  }

  std::vector<finding> run() {
    if (!counts_events(x_)) {
      add(event_stage::source, "this bus is of another make, and does not report what happened to its events");
      return std::move(found_);
    }
    look_at_sources();
    look_at_types();
    if (consumers_.empty())
      add(event_stage::consumer, "no consumer asks for " + plain(key_) + "; " + what_remains());
    for (const auto& consumer : consumers_)
      look_at(consumer);
    return std::move(found_);
  }

private:
  void add(event_stage stage, std::string text) { found_.push_back({stage, std::move(text)}); }

  bool keeps_history() const {
    return x_.limits && x_.limits->limits.history_events != 0 && x_.limits->limits.history_bytes != 0;
  }

  /// Of events that come while no consumer asks for them.
  std::string what_remains() const {
    const auto command = "`cafbus consume " + plain(shell_word(key_));
    if (!keeps_history())
      return "events that come meanwhile are not kept, since the bus keeps no past events: start " + command + '`';
    return "the bus keeps its latest events, also those that come meanwhile: " + command +
           " --since 10m` begins with past ones";
  }

  std::string where_they_are(const unmatched_type& type) const {
    if (!keeps_history())
      return ", and were not kept, since the bus keeps no past events (cafbus serve --history-bytes)";
    return "; `cafbus consume " + plain(shell_word(type.event_type)) + " --last " + std::to_string(type.count) +
           "` prints those that the bus still has";
  }

  void look_at_sources() {
    for (const auto& source : x_.sources)
      if (source.state != source_state::connected)
        add(event_stage::source, "the source " + plain(source.source) + " is " + to_string(source.state) +
                                     (source.since.empty() ? "" : " since " + source.since) +
                                     (source.detail.empty() ? "" : ": " + plain(source.detail)));
    for (const auto& link : x_.links)
      if (link.direction == link_direction::in && link.state != source_state::connected)
        add(event_stage::source, "the link to " + plain(link.peer) + " is " + to_string(link.state));
    if (x_.counters.ingress != 0)
      return;
    if (x_.counters.rejected != 0)
      add(event_stage::source, std::to_string(x_.counters.rejected) +
                                   " lines came in and none of them was an event; `cafbus publish` says why");
    else if (x_.sources.empty() && x_.links.empty())
      add(event_stage::source, "the bus has no source, and nothing was published");
    else
      add(event_stage::source, "no event has come since the bus started, " + std::to_string(x_.uptime_sec) + " s ago");
  }

  /// Events that the bus has not delivered: they had no subscriber, or were duplicates.
  void look_at_types() {
    const auto& types = x_.unmatched_types;
    for (const auto& type : types)
      if (stands_for(key_, type.event_type))
        add(event_stage::type, std::to_string(type.count) + " events of type " + plain(type.event_type) +
                                   " came while no consumer was subscribed to them" + where_they_are(type));
    const auto has_some =
        std::ranges::any_of(consumers_, [](const auto& y) { return y.received != 0 || y.filtered != 0; });
    if (x_.counters.ingress == 0 || has_some || !found_.empty())
      return;
    std::vector<std::string_view> names;
    for (const auto& type : types)
      names.push_back(type.event_type);
    std::string text = std::to_string(x_.counters.ingress) + " events came, the last at " + x_.last_event_at +
                       ", but none of type " + plain(key_) + " that the bus remembers";
    text += plain(did_you_mean(key_, names));
    for (size_t i = 0; i < std::min<size_t>(types.size(), 5); ++i)
      text += (i == 0 ? "; no consumer asked for " : ", ") + plain(types[i].event_type) + " (" +
              std::to_string(types[i].count) + ')';
    if (x_.counters.duplicates != 0)
      text += "; " + std::to_string(x_.counters.duplicates) + " had an event_id that came before";
    add(event_stage::type, std::move(text));
  }

  void look_at_filter(const consumer_status& x, const std::string& who) {
    if (x.filtered == 0 && x.filter_errors == 0)
      return;
    auto text = "the filter of " + who + " kept back " + std::to_string(x.filtered) + " events of its types, and let " +
                std::to_string(x.received) + " pass: " + plain(to_text(x.filter));
    if (x.filter_errors != 0)
      text += "; it could not judge " + std::to_string(x.filter_errors) +
              ", since a member is missing or cannot be compared";
    add(event_stage::filter, std::move(text));
  }

  /// @returns whether all is said.
  bool look_at_group(const consumer_status& x, const std::string& who) {
    const auto group = std::ranges::find(x_.groups, x.group, &group_status::name);
    if (group == x_.groups.end())
      return false;
    const auto its = "group " + plain(x.group);
    if (group->lost != 0)
      add(event_stage::queue, its + " was too slow: " + std::to_string(group->lost) + " of its " +
                                  std::to_string(group->received) + " events were dropped");
    if (x.in_flight != 0)
      add(event_stage::handler, who + " has not confirmed " + std::to_string(x.in_flight) + " events; " +
                                    std::to_string(group->waiting) + " more wait in " + its);
    else if (x.received == 0 && group->received != 0)
      add(event_stage::consumer, "the events of " + its + " have gone to other members than " + who);
    return x.in_flight != 0 || (x.received == 0 && group->received != 0);
  }

  void look_at(const consumer_status& x) {
    const auto who = "consumer " + std::to_string(x.pid);
    look_at_filter(x, who);
    if (look_at_group(x, who))
      return;
    if (x.received == 0 && x.filtered != 0)
      return;
    if (x.received == 0) {
      add(event_stage::consumer, who + " is subscribed, and no event for it has come since");
      return;
    }
    if (x.dropped != 0)
      add(event_stage::queue,
          who + " was too slow: " + std::to_string(x.dropped) + " of its " + std::to_string(x.received) +
              " events were dropped" +
              (x.policy == queue_policy::unknown ? std::string{}
                                                 : std::string{", by its policy "} + to_string(x.policy)));
    if (x.queued != 0)
      add(event_stage::queue, who + " does not read: " + std::to_string(x.queued) + " events, " +
                                  std::to_string(x.queued_bytes) + " bytes, are queued for it");
    else
      add(event_stage::handler, who + " has received all of its " + std::to_string(x.delivered) + " events" +
                                    (x.stats ? what_it_says(x) : ": check what it does with them"));
  }

  /// What became of them there.
  static std::string what_it_says(const consumer_status& x) {
    auto result = ", and says that it has handled " + std::to_string(x.stats->handled);
    if (x.stats->failed != 0)
      result += ", failed on " + std::to_string(x.stats->failed);
    if (x.stats->lost != 0)
      result += ", lost " + std::to_string(x.stats->lost);
    const auto told = x.stats->handled + x.stats->failed + x.stats->lost;
    if (told < x.delivered)
      result += ", and works on " + std::to_string(x.delivered - told);
    return result;
  }

  const status_response& x_;
  const std::string& key_;
  std::vector<consumer_status> consumers_;
  std::vector<finding> found_;
};

} // namespace

std::vector<finding> why_nothing(const status_response& x, const std::string& key, int64_t pid) {
  return explaining{x, key, pid}.run();
}

} // namespace cafbus
