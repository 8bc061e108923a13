#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// Server-sent events: their text, and what waits for one stream.
namespace cafbus::http {

/// What a stream is sent, as all streams of a feed share it.
struct stream_item {
  enum class kind : uint8_t { event, gap, notice };
  kind what = kind::notice;
  std::optional<uint64_t> missed; ///< Of a gap: how many events; none: unknown.
  std::string text;               ///< With its empty line.
};
using stream_item_ptr = std::shared_ptr<const stream_item>;

/// @param cursor Of the event, as the bus gave it; empty, or not fit for a line of its own: the event gets no `id`.
/// @param line The event's frame as the bus sent it. A `\r` between two of its parts, which would end the line here,
/// becomes a blank.
stream_item_ptr event_item(std::string_view cursor, std::string_view line);

/// Tells that events were lost. @param missed How many; none: unknown.
/// @param reason Of the bus: `expired`, `restart`. Ours: `too_slow`: this stream did not read; `gateway_too_slow`: the
/// bus dropped them; `bus_ended`; `unknown_cursor`: its Last-Event-ID is no cursor; `no_history`: the bus keeps no past
/// events; `too_many_replays`: too many other streams ask for past events.
stream_item_ptr gap_item(std::optional<uint64_t> missed, std::string_view reason);

/// Tells what is between the stream and the bus: `{"state":STATE,"reason"?:REASON}`.
stream_item_ptr state_item(std::string_view state, std::string_view reason = {});

/// What a proxy has to see now and then.
stream_item_ptr comment_item();

/// What waits for one stream. The oldest go first, and what is lost with them is told in their place: the events, and
/// those of a gap that has not been told yet.
class stream_queue {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// @param per_second So many events, evenly over the time; the others are only counted. 0: all.
  explicit stream_queue(uint32_t per_second = 0) : per_second_(per_second) {}

  /// @returns how many events were dropped for it.
  size_t push(stream_item_ptr x, time_point now);

  /// Left out events alone are no reason to write; they are told with what comes next.
  bool empty() const noexcept { return items_.empty() && !has_lost(); }

  /// Whether a feed that can wait should wait.
  bool is_half_full() const noexcept;

  bool has_left_out() const noexcept { return left_out_ != 0; }

  /// Text to be sent now: about `max_bytes`, one item at least; empty if nothing waits.
  std::string take(size_t max_bytes);

private:
  bool has_lost() const noexcept { return lost_ != 0 || lost_unknown_; }
  bool is_left_out(time_point now);
  size_t drop_oldest();

  std::deque<stream_item_ptr> items_;
  size_t bytes_ = 0;
  uint64_t lost_ = 0; // since the last `take`, as `lost_unknown_`
  bool lost_unknown_ = false;
  uint32_t per_second_;
  double credit_ = 1; // events that may go at `counted_at_`
  time_point counted_at_;
  uint64_t left_out_ = 0; // since the last `take`
};

} // namespace cafbus::http
