#include "bench/peer_cafbus.hpp"

#include "bench/clock.hpp"
#include "io/client/client.hpp"
#include "io/sockets/unix_socket.hpp"
#include "messages/frame_codec.hpp"

namespace cafbus::bench {

namespace {

constexpr uint64_t patience_ns = 10'000'000'000;
constexpr uint64_t link_poll_ns = 2'000'000;

/// Two buses on this machine, one of which takes its events from the other: publishers talk to the first, consumers to
/// the second.
class linked_peer final : public cafbus_peer {
public:
  linked_peer() : cafbus_peer{"linked"} {
    auto program = cafbus_path();
    auto place = "unix:" + (upstream_ / "link.sock");
    first_ = child{{program, "serve", "--dir", upstream_.path(), "--idle-timeout", "never", "--log-level", "warn",
                    "--node-listen", place},
                   upstream_ / "log"};
    wait_until([this] { return static_cast<bool>(client::connect(first_socket(), std::chrono::seconds{1})); });
    start({program, "serve", "--dir", dir_.path(), "--idle-timeout", "never", "--log-level", "warn", "--source",
           "node:" + place});
  }

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
};

} // namespace

std::unique_ptr<peer> start_linked() {
  return std::make_unique<linked_peer>();
}

} // namespace cafbus::bench
