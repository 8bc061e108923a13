#pragma once
#include "messages/frames.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cafbus::testing {

/// How bytes go between a client and its bus, both ways, each way in order. What is cut and how late it is are
/// decisions of the run: a replay repeats them, a shortened schedule may leave pieces whole and on time.
struct wire_manners {
  uint32_t splits = 0;                  ///< Of a thousand pieces: cut in two, anywhere; the second half comes later.
  std::chrono::nanoseconds gathers{0};  ///< What is sent within so long goes in one piece.
  std::chrono::nanoseconds shortest{0}; ///< On its way.
  std::chrono::nanoseconds longest{0};
};

/// What a client does by itself.
struct client_script {
  /// A consumer of these: it says hello, and the harness's laws hold for it as for any other consumer, provided that
  /// `wishes` has no patterns, filter, replay or group. None: it says nothing that the test does not say.
  std::vector<std::string> types = {};
  /// What else its hello asks for. Without a key or an id it is the client's name; without capabilities it is `gap`,
  /// and every event that is missing must then be told. With `cursor`, what it reads differs from run to run.
  hello wishes = {};
  size_t socket_bytes = 64 * 1'024; ///< That its socket holds until it reads; at least 1.
  wire_manners wire = {};
  /// Gets each piece as it comes out of the socket, in the client's turn; for clients of one's own. May be empty.
  std::function<void(std::string_view piece)> on_bytes = {};
};

/// A program at a bus's socket, as far as the bus can tell: a real session serves it, over a simulated socket. It
/// connects in its first turn, and is one connection: for another one, add another client. Lives as long as its
/// harness. Its functions may be called between turns, and by the laws and actors of a test.
class socket_client {
public:
  struct state;
  explicit socket_client(std::shared_ptr<state> x);
  socket_client(const socket_client&) = delete;
  socket_client& operator=(const socket_client&) = delete;
  ~socket_client();

  // -- what it says --------------------------------------------------------------------------------------------------

  /// A line, without its end.
  void send(std::string_view line);
  /// Any bytes.
  void send_bytes(std::string_view bytes);
  /// The next event, numbered as those of a `source_script`: the laws count what the bus acknowledges. A client that
  /// publishes sends no event in another way.
  void publish(const std::string& type);

  // -- faults --------------------------------------------------------------------------------------------------------

  void wire(const wire_manners& x);
  /// It sends nothing any more, but reads.
  void half_close();
  /// The same, and it reads nothing any more.
  void close();
  /// The connection breaks: what is on its way is lost, both ways.
  void reset();
  /// Reads nothing from now on, until it is released.
  void stick();
  void release();

  // -- what came of it -----------------------------------------------------------------------------------------------

  const std::string& name() const;
  bool is_connected() const; ///< Accepted by the bus; it may have ended since.
  bool is_refused() const;   ///< Nobody listens there any more.
  bool is_admitted() const;  ///< Its hello has been acknowledged.
  bool is_closed() const;    ///< It has read what the bus had sent before it closed the connection.

  static constexpr size_t max_lines = 10'000;
  /// What it has read, without the ends of the lines; of more than `max_lines` the last ones.
  const std::deque<std::string>& lines() const;
  uint64_t events() const;       ///< That it has read.
  uint64_t told_as_lost() const; ///< Events in `gap` frames.
  publish_ack totals() const;    ///< The last that it has read.

private:
  std::shared_ptr<state> state_;
};

} // namespace cafbus::testing
