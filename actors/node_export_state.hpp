#pragma once
#include "actors/link_outbox.hpp"
#include "actors/node_export.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>
#include <optional>

namespace cafbus {

/// INTERNAL timers: has the other bus taken anything lately? Is its interest to be taken in now? Has it stayed away for
/// too long?
struct export_stall_check {};
struct export_interest_due {
  uint64_t connection = 0; ///< Over which it came.
};
struct export_grace_over {
  uint64_t connection = 0; ///< The one that was lost.
};

} // namespace cafbus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::export_stall_check)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::export_interest_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::export_grace_over)

namespace cafbus {

using exporting_actor = subscriber_actor::extend_with<resumable_export_actor>::extend_with<node_link_actor>::extend<
    caf::reacts_to<export_stall_check>, caf::reacts_to<export_interest_due>, caf::reacts_to<export_grace_over>>;

/// The state of an export. (node_export.cpp is what connects it: who asks, what for, and what becomes of it when the
/// other bus is gone; node_export_events.cpp is what it sends.)
///
/// Invariant: `conn` is set iff this is a subscriber of its bus; `credit` is pending iff the conn waits for room, or
/// for the bus while `joining`; something waits in `outbox` only while the window is full or it is held; `waits_since`
/// is set iff there is no connection.
struct node_export_state {
  static inline const char* name = "node-export";

  explicit node_export_state(exporting_actor::pointer self) : self{self} {}

  void start(const node_export_options& x);

  // -- the connection ------------------------------------------------------------------------------------------------

  void on_down(const caf::down_msg& x);
  void lose_peer(const std::string& why);
  void let_go();
  void on_resume(const resume_export& x);
  void on_grace_over(const export_grace_over& x);
  void on_end_waiting();
  void end(const std::string& why);

  // -- what is wanted ------------------------------------------------------------------------------------------------

  caf::result<node_interest_taken> on_interest(node_interest& x);
  void on_interest_due(const export_interest_due& x);
  void take_in(node_interest x);
  void change_wish(const node_interest& x);
  void answer_interest(const stream_list& x, uint64_t asked_over);
  void join_bus(const node_interest& x);
  void on_joined(const joined& x);
  void leave_bus();
  consumer_info info(const node_interest& x) const;

  // -- events --------------------------------------------------------------------------------------------------------

  caf::result<delivered> on_delivery(const delivery& x);
  void take(const delivery& x);
  void send(node_events x);
  void empty_outbox();
  void transmit(node_events x);
  void on_taken();
  void give_credit();
  void watch_for_stall();
  void on_stall_check();

  // -- how far the streams are ---------------------------------------------------------------------------------------

  void account();
  void on_streams(const stream_list& x, const conn_actor& of);
  void tell_streams();
  link_ends ends() const { return {options.parts.node, options.hello.node, options.hello.protocol}; }
  bool tells_streams() const { return options.hello.protocol >= first_protocol_with_streams; }

  // -- status --------------------------------------------------------------------------------------------------------

  caf::result<link_report> on_read_link();
  link_report base_report() const;
  std::string waiting_text(uint64_t queued) const;

  // ------------------------------------------------------------------------------------------------------------------

  /// How far the other bus knows how far the streams are, beyond what the events themselves say.
  enum class accounting : uint8_t {
    settled, ///< What it gets next says all.
    asking,  ///< The hub, or the conn, has not answered.
    waiting, ///< For the events that come before that.
  };

  /// What the conn has sent before the bus has said which one it is.
  struct early_delivery {
    caf::strong_actor_ptr from;
    delivery what;
  };

  exporting_actor::pointer self;
  node_export_options options;
  conn_actor conn;
  size_t types = 0;
  bool ended = false;

  uint64_t connection = 1; // the current one, or the last; what belongs to an earlier one is ignored
  std::optional<caf::actor_clock::time_point> waits_since;
  std::optional<caf::actor_clock::time_point> stuck_since; // no connection has brought anything across since then
  bool is_stopping = false;                                // this bus is: it waits for nobody
  uint32_t interests = 0;                                  // taken over this connection

  accounting stage = accounting::settled;
  bool is_outdated = false; // something was lost since the hub was asked
  stream_list streams;      // to be told
  uint64_t told_after = 0;  // the event of that sequence number

  caf::typed_response_promise<delivered> credit;
  caf::typed_response_promise<node_interest_taken> interest;
  bool is_answered = false;             // the interest, but for what waits in `outbox`
  std::optional<node_interest> waiting; // for its time: it came too soon after the one before
  caf::actor_clock::time_point interest_due{};
  bool joining = false;
  std::optional<early_delivery> early;
  link_outbox outbox{0, false}; // until it starts
  bool watching = false;        // a timer runs
  caf::actor_clock::time_point last_taken{};

  uint64_t expected_seq = 1;
  conn_counters counted; // of the conn, as far as deliveries have shown
  uint64_t received = 0; // by the conns before it
  uint64_t dropped = 0;
};

} // namespace cafbus
