#pragma once
#include "messages/group_messages.hpp"

#include <chrono>
#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace cafbus {

/// Who of a group has which events: the group without its messages.
///
/// New events wait in their order. Each goes to the member that has the fewest, of several to the one that was given
/// its last one the longest ago; events that were given back go first. A member that a delivery is on its way to is
/// given nothing more until it has taken that: all that it has it has been sent. A member has an event until it has
/// confirmed it, in a group without confirmations until it is written. What a member that leaves has, others get.
///
/// Invariants: an event is in one place: waiting, with one member, or given back. A member's numbers only grow, without
/// a hole but for what was lost. received = waiting + in_flight + done + dead, of what was not lost before it came.
class group_work {
public:
  using member_id = uint64_t;
  using time_point = std::chrono::steady_clock::time_point;

  struct terms {
    bool ack = false;
    uint32_t max_in_flight = 0; ///< Events that a member has at once.
    uint32_t max_attempts = 0;  ///< With `ack`.
    size_t max_bytes = 0;       ///< Of one member's events, in a group without `ack`; one event is always possible.
    size_t max_held_bytes = 0;  ///< With `ack`: of all members' events, and of those given back; each member can
                                ///< always have one.
  };

  explicit group_work(terms x) : terms_{x} {}

  /// @param tells_gaps It is told of what was lost. @pre it is not in
  void add(member_id x, bool tells_gaps);
  void remove(member_id x, time_point now);
  bool has(member_id x) const { return members_.contains(x); }
  size_t members() const noexcept { return members_.size(); }

  /// The next events for the group, with the holes in front of, between and behind them.
  void take(const std::vector<event_range>& events, const std::vector<gap_frame>& gaps);

  /// Whether more may be taken: all that was new is with members, and not too much was given back.
  bool wants_more() const;

  /// What a member is to be given now, in one delivery.
  struct hand {
    member_id member = 0;
    std::vector<event_range> events;
    std::vector<gap_frame> gaps;
  };
  /// One for each member that has something new and no delivery on its way.
  std::vector<hand> hand_out(time_point now);

  /// A member is to be given something else than events. @returns whether no delivery is on its way; then this one is.
  /// @pre `hand_out` has just been called
  bool begin_delivery(member_id x);

  /// A member has taken its delivery.
  void written(member_id x);

  void confirm(member_id x, uint64_t seq);
  /// @param due Not before then.
  void give_back(member_id x, uint64_t seq, time_point due);

  /// An event that nobody gets any more.
  struct dead_event {
    event_range event; ///< One.
    const char* why = "";
  };
  std::vector<dead_event> take_dead() { return std::exchange(dead_, {}); }

  /// When an event that was given back goes out again, if one waits for its time.
  std::optional<time_point> next_due(time_point now) const;

  /// No event is anywhere.
  bool idle() const;

  /// Without a name.
  group_status status() const;
  conn_counters counters_of(member_id x) const;
  uint64_t in_flight_of(member_id x) const;

private:
  struct entry {
    event_range events;           // none: a loss
    std::optional<gap_frame> gap; // only its count and reason
  };
  struct member {
    bool tells_gaps = false;
    uint64_t seq = 0; // given last
    uint64_t dropped = 0;
    uint64_t delivered = 0;
    uint64_t on_its_way = 0;             // events of the delivery that is
    bool in_delivery = false;            // one is on its way
    std::map<uint64_t, event_range> has; // by number, one event each
    size_t bytes = 0;                    // of them
    uint64_t turn = 0;                   // when it was given its last one
    std::vector<event_range> next;       // the next delivery, while it is put together
    std::vector<gap_frame> next_gaps;
  };
  /// Who is next: who has the fewest events, then whose last one is the longest ago.
  struct place {
    size_t events;
    uint64_t turn;
    member_id id;
    auto operator<=>(const place&) const = default;
  };

  static place place_of(member_id id, const member& x) { return {x.has.size(), x.turn, id}; }
  bool has_room(const member& x) const;
  bool holds_enough() const;
  /// What a member had is done, or goes elsewhere.
  void take_off(member& x, const event_range& event);
  std::optional<event_range> take_from(member_id id, uint64_t seq);
  /// Changes a member, and with it its place among those that have room.
  template <class F>
  void change(member_id id, member& x, F how);
  std::optional<event_range> next_event(time_point now);
  void assign(member_id id, member& x, event_range event);
  void tell_losses(member& x);
  void add_loss(uint64_t count, gap_reason why);
  void settle(event_range event, time_point due, const char* why);
  event_range kept(const event_range& event) const;

  terms terms_;
  std::map<member_id, member> members_;
  std::set<place> free_;                            // members with room, and no delivery on its way
  std::set<member_id> to_hand_;                     // members whose next delivery is put together
  std::deque<entry> waiting_;                       // new ones
  uint64_t waiting_events_ = 0;                     // in it
  std::multimap<time_point, event_range> returned_; // by the time from which on they go out
  size_t held_bytes_ = 0;                           // with members, or given back
  size_t returned_bytes_ = 0;                       // of them: given back
  std::vector<gap_frame> losses_;                   // to be told with the next event; only counts and reasons
  std::vector<dead_event> dead_;
  uint64_t turn_ = 0;
  group_status counts_;
};

} // namespace cafbus
