#pragma once
#include "messages/actor_messages.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace cafbus {

class compiled_filter;
using compiled_filter_ptr = std::shared_ptr<const compiled_filter>;
class payload_reader;

/// The filters that are in use, and what they say of the events at hand: evaluated once per event and distinct filter,
/// however many consumers have it. Allocates nothing once its memory has grown.
class filter_table {
public:
  using filter_id = uint32_t;
  static constexpr filter_id none = UINT32_MAX;

  /// What a filter has made of some events of a batch.
  struct judgement {
    std::vector<event_span> yes;    ///< Those that it wants.
    std::vector<event_span> not_no; ///< Those and the ones that it cannot judge.
    uint32_t wanted = 0;            ///< Events in `yes`.
    uint32_t unknown = 0;           ///< Events that it cannot judge.
    uint32_t first_unknown = 0;     ///< The first one; with `unknown` only.
    uint32_t wanted_before = 0;     ///< Events in `yes` before that one.
  };

  filter_table();
  ~filter_table();
  filter_table(filter_table&&) noexcept;
  filter_table& operator=(filter_table&&) noexcept;

  bool empty() const noexcept { return used_ == 0; }

  /// Counts its users: the same filter has the same id.
  filter_id add(const compiled_filter_ptr& filter);
  void remove(filter_id id);

  /// @returns whether it is asked for for the first time since the last `judge`.
  bool ask_for(filter_id id) noexcept { return !std::exchange(entries_[id].asked_for, true); }

  /// Judges these events by each of these filters. @pre they were asked for
  void judge(const event_batch& batch, event_span events, std::span<const filter_id> ids);

  /// @pre the last `judge` was asked for it
  const judgement& operator[](filter_id id) const noexcept { return entries_[id].last; }

  /// Why a filter cannot judge an event, for people.
  std::string why_unknown(filter_id id, const event_batch& batch, uint32_t i);

private:
  struct entry {
    compiled_filter_ptr filter; // null: free
    uint32_t users = 0;
    bool asked_for = false;
    judgement last;
  };

  std::vector<entry> entries_;
  size_t used_ = 0;
  std::unique_ptr<payload_reader> reader_;
};

} // namespace cafbus
