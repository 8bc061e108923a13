#include "bench/peer_cafbus.hpp"

#include "bench/clock.hpp"
#include "bench/delay_wire.hpp"
#include "bench/link_certificate.hpp"
#include "bench/loopback.hpp"
#include "io/client/client.hpp"
#include "io/sockets/unix_socket.hpp"
#include "messages/frame_codec.hpp"

#include <optional>

namespace cafbus::bench {

namespace {

constexpr uint64_t patience_ns = 10'000'000'000;
constexpr uint64_t link_poll_ns = 2'000'000;

/// Two buses on this machine, one of which takes its events from the other over loopback: publishers talk to the first,
/// consumers to the second.
class linked_peer final : public cafbus_peer {
public:
  explicit linked_peer(const peer_options& options) : cafbus_peer{"linked"} {
    const auto links = free_port();
    std::vector<std::string> security{"--insecure-network"};
    if (options.tls) {
      const auto made = make_link_certificate(dir_.path());
      security = {"--node-certificate", made.certificate, "--node-key", made.key, "--node-ca", made.certificate};
    }
    first_ = child{linked(upstream_.path(), options, "--node-listen", place(links), security), upstream_ / "log"};
    wait_until([this] { return static_cast<bool>(client::connect(first_socket(), std::chrono::seconds{1})); });
    if (options.round_trip_ms > 0)
      wire_.emplace(links, options.round_trip_ms, dir_.path());
    const auto called = (options.tls ? "node:bench@" : "node:") + place(wire_ ? wire_->port() : links);
    start(linked(dir_.path(), options, "--source", called, security));
  }

  std::vector<pid_t> pids() const override { return {first_.pid(), pid()}; }

  unique_fd connect_consumer(const std::vector<std::string>& types, bool) override {
    wait_until([this] {
      auto links = status_of(socket()).links;
      return !links.empty() && links[0].state == source_state::connected;
    });
    auto fd = connect();
    make_blocking(fd.get());
    hello request;
    request.event_key = "bench";
    request.event_types = types;
    send_all(fd.get(), encode(request));
    for (std::string greeting; greeting.find("source_status") == std::string::npos;)
      greeting += read_until(fd.get(), "\n"); // the state of the link comes behind the ack; from then on only events
    wait_until([this, &types] {
      auto links = status_of(first_socket()).links;
      return !links.empty() && links[0].types >= types.size();
    });
    return fd;
  }

  unique_fd connect_publisher() override {
    auto fd = connect_unix(first_socket(), std::chrono::seconds{10});
    if (!fd)
      throw bench_error{"cannot connect to the first bus"};
    make_blocking(fd->get());
    return std::move(*fd);
  }

private:
  static std::string place(uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

  static std::vector<std::string> linked(const std::string& dir, const peer_options& options, const std::string& option,
                                         const std::string& place, const std::vector<std::string>& security) {
    auto result = serve(dir, options);
    result.insert(result.end(), {option, place});
    result.insert(result.end(), security.begin(), security.end());
    return result;
  }

  std::string first_socket() const { return upstream_ / "default/bus.sock"; }

  static status_response status_of(const std::string& socket) {
    constexpr auto patience = std::chrono::seconds{10};
    auto bus = client::connect(socket, patience);
    if (!bus)
      throw bench_error{bus.error().text};
    auto status = bus->ask_status(patience);
    if (!status)
      throw bench_error{"a bus has not answered with its status"};
    return std::move(*status);
  }

  template <class Condition>
  static void wait_until(Condition holds) {
    for (auto end = now_ns() + patience_ns; !holds(); sleep_until(now_ns() + link_poll_ns))
      if (now_ns() > end)
        throw bench_error{"the buses were not linked in time"};
  }

  test::temp_dir upstream_;
  child first_;
  std::optional<delay_wire> wire_;
};

} // namespace

std::unique_ptr<peer> start_linked(const peer_options& options) {
  return std::make_unique<linked_peer>(options);
}

} // namespace cafbus::bench
