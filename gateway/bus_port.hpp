#pragma once
#include "gateway/options.hpp"
#include "io/client/client.hpp"

#include <functional>
#include <memory>
#include <string>

namespace boost::asio {
class io_context;
}

namespace cafbus::http {

class publish_body;

/// Asks the bus, without waiting: each answer comes through the function given, in a later turn of the loop or in this
/// one. What is asked for by several at once (status, a start) is asked once.
class bus_port {
public:
  using status_done = std::function<void(const result<std::string>& line)>;
  using publish_done = std::function<void(const result<publish_ack>&)>;
  using connected = std::function<void(result<client>)>;

  bus_port(boost::asio::io_context& loop, const gateway_options& options);
  ~bus_port();
  bus_port(const bus_port&) = delete;
  bus_port& operator=(const bus_port&) = delete;

  /// The bus's own line. Starts no bus.
  void ask_status(status_done done);

  /// Sends the frames of `body` over a connection of its own, each made when the bus takes it; starts a bus if none
  /// runs.
  /// @pre There is a frame.
  void publish(std::shared_ptr<publish_body> body, publish_done done);

  /// @param may_start Whether a bus is started if none runs.
  void connect(bool may_start, connected done);

private:
  struct impl;
  std::shared_ptr<impl> impl_;
};

} // namespace cafbus::http
