#pragma once
#include "io/client/client.hpp"

#include <chrono>
#include <string>

namespace cafbus {

/// Publishes over a connection of its own: sends `publish` frames and reads the totals that the bus answers with, both
/// at once, so that neither side ever waits for the other to read.
///
/// Either queue and `finish`, or poll `bus().fd()` for reading (and for writing while `pending`) and call `step`.
class publisher {
public:
  explicit publisher(client connection) : bus_(std::move(connection)) {}

  const client& bus() const noexcept { return bus_; }

  /// From the next frame on the bus takes more only when each consumer of what came before has room, or has had none
  /// for so long; in whole milliseconds. 0, as at first: whether they have or not.
  void wait_for_room(std::chrono::nanoseconds limit);

  /// Takes one `publish` frame without its '\n'. It is sent by the next `step`; check `pending` to stay in bounds.
  void queue(std::string_view frame);

  /// Bytes that the socket has not taken yet.
  size_t pending() const noexcept { return out_.size() - sent_; }

  /// Frames queued so far, and what the bus has said about them.
  uint64_t queued() const noexcept { return queued_; }
  const publish_ack& totals() const noexcept { return totals_; }

  /// Whether the bus has answered for everything that was queued.
  bool settled() const noexcept;

  /// Sends what the socket takes and reads what the bus has answered; never waits.
  result<void> step();

  /// Waits until everything is settled.
  /// @param patience Longest time without any progress.
  result<void> finish(std::chrono::nanoseconds patience);

  /// Waits until at most `bytes` are pending. @param patience The same.
  result<void> make_room(size_t bytes, std::chrono::nanoseconds patience);

private:
  template <class Condition>
  result<void> wait_until(Condition done, std::chrono::nanoseconds patience);
  result<void> send_pending();
  result<void> read_answers();

  client bus_;
  std::string out_;
  size_t sent_ = 0; // of out_
  uint64_t queued_ = 0;
  std::string behind_first_; // to be sent then: a connection's first frame is an event
  publish_ack totals_;
};

} // namespace cafbus
