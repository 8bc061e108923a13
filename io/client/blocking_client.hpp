#pragma once
#include "io/client/client.hpp"
#include "io/client/publisher.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// Consuming and publishing for programs without CAF: blocking calls with time limits, no actor, no thread, no
/// exception, no signal. What a peer or the system does wrong comes back as a `failure`; see io/client/client.hpp for
/// its kinds. Objects can be moved; one thread at a time. Link `cafbus::client`; programs with an event loop of their
/// own use io/client/client.hpp instead.
///
///   auto path = cafbus::socket_path("default");                  // or a failure: path.error().text; so do the others
///   auto consumer = cafbus::blocking_consumer::open(*path, {"im.message"}, 3s);
///   auto event = consumer->next(60s);
///   for (; event; event = consumer->next(60s))
///     use(event->payload);
///   // event.error().kind says why it ended: timed_out, stopping, ...
namespace cafbus {

/// Where the bus of `app` listens. @param dir Folder of all apps; empty: as the daemon chooses it.
result<std::string> socket_path(const std::string& app = "default", const std::string& dir = "");

/// What a consumer asks for.
struct subscription {
  std::string event_key = {};
  std::vector<std::string> event_types = {}; ///< This and `patterns` empty: the key itself.
  std::vector<std::string> patterns = {};    ///< As `messages/type_pattern.hpp` describes them.
  std::string subscription_id = {};          ///< Identity for first and last; empty: the key.
  event_filter filter = {};                  ///< Only events of whose payload all of it holds.
  std::string on_filter_error = {};          ///< If it cannot judge an event: skip, pass or fail; empty: skip.
  std::string group = {};                    ///< The events are shared with all who name it; empty: with nobody.
  bool ack = false;           ///< With a group: each event is confirmed; what is not goes to another member.
  uint32_t max_in_flight = 0; ///< With `ack`: events that may not be confirmed yet; 0: the bus's default.
  uint32_t max_attempts = 0;  ///< With `ack`: how often an event is given out; 0: the bus's default.
};

/// An event. Views are valid until the next call on its consumer.
struct received_event {
  std::string_view event_type = {};
  std::string_view event_id = {}; ///< Empty: it has none.
  std::string_view payload = {};  ///< JSON, byte for byte as it was published.
  uint64_t seq = 0;
  uint64_t missed = 0;  ///< Events that were dropped right before this one, since we were too slow.
  uint64_t attempt = 1; ///< How often members of the group have been given it.
};

/// A consumer of one bus.
class blocking_consumer {
public:
  /// Connects, checks that the bus runs as us or as root, and subscribes. @param timeout Of all that together.
  static result<blocking_consumer> open(const std::string& socket_path, const subscription& request,
                                        std::chrono::nanoseconds timeout);

  /// The next event. Failures: `timed_out` (you may call again), `stopping` (the bus stops; the text says why),
  /// `refused` (the filter cannot judge an event, and `on_filter_error` is fail),
  /// `closed` (without a word: it was killed, or gave us up as stalled), `protocol`, `system`.
  result<received_event> next(std::chrono::nanoseconds timeout);

  /// The event of that number has been handled; for a subscription with `ack`. @param patience As for producers.
  result<void> confirm(uint64_t seq, std::chrono::nanoseconds patience);

  /// It has not been: a member gets it again, not before `delay` has passed.
  result<void> give_back(uint64_t seq, std::chrono::milliseconds delay, std::chrono::nanoseconds patience);

  /// Tells the bus what became of the events so far, in total, for its status; once a second is enough. Does nothing on
  /// a bus that does not take that.
  result<void> report(uint64_t handled, uint64_t failed, uint64_t lost, std::chrono::nanoseconds patience);

  /// Whether there was no other consumer of the subscription id.
  bool first() const noexcept { return first_; }

  /// Events dropped so far.
  uint64_t dropped() const noexcept { return gaps_.dropped(); }

  /// The process that serves.
  pid_t bus_pid() const noexcept { return bus_.bus_pid(); }

private:
  blocking_consumer(client bus, bool first) : bus_{std::move(bus)}, first_{first} {}

  client bus_;
  gap_finder gaps_;
  bool first_;
};

/// An event to be published. All but the payload are text in UTF-8.
struct outgoing_event {
  std::string_view event_type = {};
  std::string_view payload = {};     ///< One JSON value.
  std::string_view event_id = {};    ///< Empty: never a duplicate.
  std::string_view source_time = {}; ///< Empty, as the names that follow: the event has none.
  std::string_view app_id = {};
  std::string_view tenant_key = {};
};

/// A producer: sends, and reads the bus's totals meanwhile. A bus that is busy slows it down.
class blocking_producer {
public:
  static result<blocking_producer> open(const std::string& socket_path, std::chrono::nanoseconds timeout);
  ~blocking_producer();
  blocking_producer(blocking_producer&&) noexcept;
  blocking_producer& operator=(blocking_producer&&) noexcept;

  /// Publishes an event, or a line such as `{"event_type":"t","event_id":"e","payload":1}`. What is no event is a
  /// failure of kind `invalid`, after which the next one can be published; after any other one the connection is lost.
  /// Sent bytes are not yet accepted events: `finish` tells.
  /// @param patience Longest time without any progress, if the bus is slower than we are.
  result<void> publish(const outgoing_event& event, std::chrono::nanoseconds patience);
  result<void> publish_line(std::string_view line, std::chrono::nanoseconds patience);

  /// Do not outrun consumers: from now on the bus takes more only when each consumer of what was published has room,
  /// but waits for none that has been without room for so long (in whole milliseconds, at most 60 s; 0, as at first:
  /// for none). The `patience` of the other functions should be longer.
  void wait_for_room(std::chrono::nanoseconds limit);

  /// Waits until the bus has answered for everything. @returns the totals; more may be published after it.
  result<publish_ack> finish(std::chrono::nanoseconds patience);

private:
  struct impl;
  explicit blocking_producer(client bus);
  result<void> send(std::string_view frame, std::chrono::nanoseconds patience);

  std::unique_ptr<impl> impl_;
};

} // namespace cafbus
