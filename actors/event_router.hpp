#pragma once
#include "actors/dedup_window.hpp"
#include "actors/filter_table.hpp"
#include "actors/pattern_index.hpp"
#include "actors/stream_window.hpp"
#include "messages/actors.hpp"

#include <array>
#include <map>
#include <span>
#include <string_view>
#include <unordered_map>

namespace cafbus {

/// Which events of a batch go to whom: the hub without its messages.
///
/// Work per batch grows with its runs (events of one type in a row) times their subscribers, never with events times
/// subscribers; nothing is allocated once the scratch space has grown. Filters are evaluated once per event and
/// distinct filter.
class event_router {
public:
  using subscriber_id = uint64_t;

  struct route {
    subscriber_id subscriber;
    uint32_t slot = 0;             ///< As `add` said.
    std::vector<event_span> spans; ///< Ascending, disjoint, not adjacent.
  };

  /// What a subscriber wants of its events beyond their type, and what came of it.
  struct filtering {
    compiled_filter_ptr filter; ///< Null: every event.
    filter_error_policy on_error = filter_error_policy::skip;
    uint64_t filtered = 0; ///< Events of its types that it was not given.
    uint64_t errors = 0;   ///< Events of its types that the filter could not judge.
    bool failed = false;   ///< By `on_error`: it gets no more events.
  };

  /// A subscriber whose filter has failed.
  struct failed_filter {
    subscriber_id subscriber;
    std::string why; ///< For people.
  };

  /// @param node This bus's own number among linked ones.
  explicit event_router(dedup_window dedup, uint64_t node = 0) : dedup_{std::move(dedup)}, streams_{node} {}

  /// Repetitions count once, and so does an event that is wanted by several names.
  /// @pre `id` is not in, and check_pattern() holds of each pattern
  /// @returns a small number that no other one has while it is in
  uint32_t add(subscriber_id id, const std::vector<std::string>& types, const std::vector<std::string>& patterns = {});
  void remove(subscriber_id id);

  /// @pre `id` is in, and has no filter yet
  void set_filter(subscriber_id id, filtering x);
  /// Nothing for one that is not in, or has none.
  filtering filtering_of(subscriber_id id) const;

  /// Routes a batch: counts each of its events in exactly one of duplicates, unmatched and matched.
  /// An event that nobody wants claims no place in the dedup window: its retry may find somebody.
  /// @returns a view that is valid until the next call.
  std::span<const route> routes(const event_batch& batch, dedup_window::time_point now);

  /// What the batch of the last call was given, for the links among those that get it. Null: nothing.
  const batch_numbers_ptr& numbers() const noexcept { return numbers_; }

  /// The events of the last batch that were no repetitions. Ascending, disjoint, not adjacent.
  std::span<const event_span> fresh() const noexcept { return fresh_; }

  /// An event that had reached nobody has reached somebody now.
  void claim(std::string_view id, dedup_window::time_point now) { dedup_.claim(id, now); }

  /// By type: events that are lost, since later ones of their bus have come before them, in the last batch or before.
  /// If they are in it, they count as duplicates.
  const std::map<std::string, uint64_t>& lost() const noexcept { return lost_; }

  /// Those whose filters could not judge an event of the last batch, and are to fail then. They get what came before.
  const std::vector<failed_filter>& failed() const noexcept { return failed_; }

  /// Who wants events of that type.
  std::vector<subscriber_id> wanting(const std::string& type);

  stream_window& streams() noexcept { return streams_; }

  void remember_ids_for(std::chrono::nanoseconds ttl) noexcept { dedup_.remember_for(ttl); }

  const bus_counters& counters() const noexcept { return counters_; }
  bus_counters& counters() noexcept { return counters_; }
  const std::vector<unmatched_type>& unmatched_types() const noexcept { return unmatched_; }

private:
  struct text_hash {
    using is_transparent = void;
    size_t operator()(std::string_view x) const noexcept { return std::hash<std::string_view>{}(x); }
  };
  struct run {
    uint32_t type = 0;
    event_span span;
  };
  using subscribers = std::vector<uint32_t>; // indexes into `slots_`

  /// What patterns make of a type, kept so that they cost nothing per event.
  struct known_type {
    uint64_t generation = 0;
    subscribers wanted_by; // by name or pattern
  };

  const subscribers* resolve(const std::string& type);
  void resolve_all(const std::vector<std::string>& types);
  bool is_new(const event_batch& batch, uint32_t i, const dedup_window::key& id, dedup_window::time_point now);
  void look_ahead(const event_batch& batch, size_t i);
  bool is_due(const event_batch& batch, uint32_t i);
  std::shared_ptr<batch_numbers> begin_numbering(const event_batch& batch);
  void add_fresh(event_span x);
  void flush(const event_batch& batch, const run& x);
  void add_span(uint32_t slot, uint32_t first, uint32_t last);
  void flush_filtered(const event_batch& batch, const run& x);
  void add_judged(uint32_t slot, const event_batch& batch, const run& x);
  void count_unmatched(const std::string& type, uint64_t count);

  std::unordered_map<std::string, subscribers, text_hash, std::equal_to<>> index_;
  std::unordered_map<subscriber_id, uint32_t> slot_of_;
  std::vector<route> slots_;                          // one a subscriber; `spans` is scratch space
  std::vector<std::vector<std::string>> types_;       // of the slot of the same number
  std::vector<std::vector<std::string>> patterns_of_; // the same
  std::vector<filter_table::filter_id> filter_of_;    // the same
  std::vector<filtering> filtering_;                  // the same
  filter_table filters_;
  std::vector<uint32_t> filtered_;                   // of the run at hand: slots with a filter
  std::vector<filter_table::filter_id> filters_due_; // of the run at hand
  std::vector<failed_filter> failed_;
  pattern_index patterns_;
  std::unordered_map<std::string, known_type> known_; // used while there are patterns
  uint64_t generation_ = 0; // of the patterns; what is known of an older one is looked up again
  std::vector<uint32_t> free_;
  std::vector<uint32_t> touched_;
  std::vector<route> result_;                // only grows; `routes` returns its front
  std::vector<const subscribers*> resolved_; // per type of the batch at hand
  std::vector<uint64_t> missed_;             // the same
  dedup_window dedup_;
  std::array<dedup_window::key, dedup_window::claims_ahead> ids_ahead_; // of the events that come next in `routes`
  stream_window streams_;
  std::vector<uint64_t*> own_; // per type of the batch at hand: where its events are counted
  batch_numbers_ptr numbers_;
  std::vector<event_span> fresh_; // of the batch at hand
  std::map<std::string, uint64_t> lost_;
  bus_counters counters_;
  std::vector<unmatched_type> unmatched_;
};

} // namespace cafbus
