#pragma once
#include "messages/words.hpp"

#include <array>
#include <cstdint>

/// The states and codes that frames carry. `unknown` is none at all, or a word that this program does not know.
namespace cafbus {

/// How a source is doing, or the link to another bus behind one.
enum class source_state : uint8_t {
  unknown,
  connecting,
  connected,
  stale,        ///< Open, but silent for longer than `source-max-silence`.
  reconnecting, ///< It will try again.
  disconnected, ///< It has ended for good.
};
template <>
struct vocabulary<source_state> {
  static constexpr std::array words{"unknown", "connecting", "connected", "stale", "reconnecting", "disconnected"};
};
static_assert(spells_all_up_to(source_state::disconnected));

/// What a bus is doing.
enum class bus_phase : uint8_t {
  unknown,
  running,
  stopping, ///< Admits no clients; delivers its queued events.
};
template <>
struct vocabulary<bus_phase> {
  static constexpr std::array words{"unknown", "running", "stopping"};
};
static_assert(spells_all_up_to(bus_phase::stopping));

/// Which way events go over a link to another bus.
enum class link_direction : uint8_t {
  unknown,
  in,  ///< Its events come here.
  out, ///< Ours go there.
};
template <>
struct vocabulary<link_direction> {
  static constexpr std::array words{"unknown", "in", "out"};
};
static_assert(spells_all_up_to(link_direction::out));

/// Why a hello was rejected.
enum class reject_code : uint8_t {
  unknown,
  busy,                 ///< A set-up or clean-up of its subscription id is running: try again.
  exclusive,            ///< Somebody is in, and one of the two wants to be the only one.
  set_up_failed,        ///< Its `on_first` did.
  bad_hello,            ///< It would be rejected again.
  too_many_connections, ///< Try again when one has left.
  too_many_filters,     ///< Of other consumers; try again with one that another consumer has.
  group_differs,        ///< The members of its group ask for something else.
  shutting_down,        ///< Another bus may be started when this one has ended.
};
template <>
struct vocabulary<reject_code> {
  static constexpr std::array words{
      "unknown",          "busy",          "exclusive",     "set_up_failed", "bad_hello", "too_many_connections",
      "too_many_filters", "group_differs", "shutting_down",
  };
};
static_assert(spells_all_up_to(reject_code::shutting_down));

/// What an `error` frame is about.
enum class error_code : uint8_t {
  unknown,
  bad_first_frame,
  hello_timeout,
  frame_too_large,
  too_many_connections,
  too_many_half_open,
  foreign_uid,
  shutting_down,
  consumers_connected, ///< A shutdown was refused.
  internal_error,
  unexpected_frame, ///< It was ignored.
  bad_subscription, ///< A `subscribe` or `unsubscribe` was ignored.
};
template <>
struct vocabulary<error_code> {
  static constexpr std::array words{
      "unknown",         "bad_first_frame",      "hello_timeout",
      "frame_too_large", "too_many_connections", "too_many_half_open",
      "foreign_uid",     "shutting_down",        "consumers_connected",
      "internal_error",  "unexpected_frame",     "bad_subscription",
  };
};
static_assert(spells_all_up_to(error_code::bad_subscription));

/// What becomes of events that a consumer's queue has no room for.
enum class queue_policy : uint8_t {
  unknown,
  drop_oldest, ///< What has waited for longest makes room.
  drop_newest, ///< What comes is dropped.
  latest,      ///< Only the newest event of each type waits.
  disconnect,  ///< The consumer's connection is ended.
  block,       ///< Publishers wait for the consumer, for a limited time.
};
template <>
struct vocabulary<queue_policy> {
  static constexpr std::array words{"unknown", "drop_oldest", "drop_newest", "latest", "disconnect", "block"};
};
static_assert(spells_all_up_to(queue_policy::block));

/// Why events of a consumer were dropped.
enum class gap_reason : uint8_t {
  unknown,
  queue_full, ///< Its queue was: it was slower than they came.
  shed,       ///< All queues together were, and its own was among the longest.
  link,       ///< They were lost between two buses.
  restart,    ///< Another bus has taken the place of the one that had them.
  expired,    ///< They were too old to be kept any longer.
};
template <>
struct vocabulary<gap_reason> {
  static constexpr std::array words{"unknown", "queue_full", "shed", "link", "restart", "expired"};
};
static_assert(spells_all_up_to(gap_reason::expired));

} // namespace cafbus
