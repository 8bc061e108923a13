#pragma once
#include "gateway/bus_port.hpp"
#include "gateway/event_stream.hpp"
#include "gateway/exposition.hpp"
#include "gateway/request.hpp"

#include <functional>
#include <memory>

namespace cafbus::http {

/// The far end of an event stream: what waits for it, and how it is told that something does.
class stream {
public:
  explicit stream(uint32_t per_second) : queue(per_second) {}
  virtual ~stream() = default;
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;

  /// Something waits in `queue`. Must not call back into `feeds`.
  virtual void wake() = 0;

  /// Whether it has not read anything for too long.
  virtual bool is_stalled() const = 0;

  /// Ends it; it leaves its feed meanwhile.
  virtual void close() = 0;

  stream_queue queue;

  /// To be called when something was taken out of `queue`.
  void taken() const {
    if (on_taken)
      on_taken();
  }
  std::function<void()> on_taken; ///< Of a feed that waits for room.
};

/// Serves many streams from few connections to the bus: one per distinct set of names, read at full speed, so that no
/// stream can make the bus wait, and encoded once. A feed ends with its last stream. A stream that begins in the past
/// has a connection of its own, which waits for it, until it has caught up.
///
/// A bus that ends is not started again for streams that are there: somebody has stopped it. They wait for the next.
class feeds {
public:
  feeds(boost::asio::io_context& loop, bus_port& port, gateway_counters& counters, gateway_log& log);
  ~feeds();
  feeds(const feeds&) = delete;
  feeds& operator=(const feeds&) = delete;

  result<void> join(const wanted_types& wanted, const stream_start& from, const std::shared_ptr<stream>& reader);
  void leave(const std::shared_ptr<stream>& reader);

private:
  struct impl;
  std::shared_ptr<impl> impl_;
};

} // namespace cafbus::http
