#include "bench/clock.hpp"
#include "bench/delay_wire.hpp"
#include "bench/link_certificate.hpp"
#include "bench/loopback.hpp"
#include "bench/peer_nats.hpp"

#include <fmt/core.h>
#include <fstream>
#include <optional>

namespace cafbus::bench {

namespace {

/// Two servers of NATS, one of which is a leaf node of the other: publishers talk to the hub, consumers to the leaf.
class leaf_peer final : public nats_peer {
public:
  leaf_peer(const std::string& program, const peer_options& options)
    : nats_peer{"leaf", free_port()}, hub_port_{free_port()} {
    const auto links = free_port();
    std::string of_hub;
    std::string of_leaf;
    if (options.tls) {
      const auto made = make_link_certificate(dir_.path());
      const auto files = fmt::format("cert_file: \"{}\", key_file: \"{}\", ca_file: \"{}\"", made.certificate, made.key,
                                     made.certificate);
      of_hub = fmt::format(", tls {{ {}, verify: true }}", files);
      of_leaf = fmt::format(", tls {{ {} }}", files);
    }
    write("hub.conf", fmt::format("listen: \"127.0.0.1:{}\"\nleafnodes {{ listen: \"127.0.0.1:{}\"{} }}\n", hub_port_,
                                  links, of_hub));
    hub_ = child{{program, "-c", dir_ / "hub.conf"}, dir_ / "hub.log"};
    for (auto end = now_ns() + leaf_patience_ns; !connect_loopback(hub_port_) || !connect_loopback(links);
         sleep_until(now_ns() + leaf_poll_ns))
      if (!hub_.alive() || now_ns() > end)
        throw bench_error{"the hub of NATS did not start: " + read_file(dir_ / "hub.log")};
    if (options.round_trip_ms > 0)
      wire_.emplace(links, options.round_trip_ms, dir_.path());
    write("leaf.conf", fmt::format("listen: \"127.0.0.1:{}\"\nleafnodes {{ remotes: [ {{ url: \"{}://127.0.0.1:{}\"{} "
                                   "}} ] }}\n",
                                   port(), options.tls ? "tls" : "nats-leaf", wire_ ? wire_->port() : links, of_leaf));
    start({program, "-c", dir_ / "leaf.conf"});
  }

  std::vector<pid_t> pids() const override { return {hub_.pid(), pid()}; }

  unique_fd connect_consumer(const std::vector<std::string>& types, bool reads) override {
    if (!prober_)
      prober_ = introduced(hub_port_);
    auto fd = nats_peer::connect_consumer(types, reads);
    const auto subject = fmt::format("probe.{}", ++probes_);
    send_all(fd.get(), fmt::format("SUB {} probe\r\n", subject)); // the last one: when the hub knows it, it knows all
    await_first_probe(
        fd.get(), [&](uint64_t i) { send_all(prober_.get(), publish_frame(subject, std::to_string(i), {})); },
        [&] {
          read_until(fd.get(), "\r\n"); // MSG ...
          return std::stoull(read_until(fd.get(), "\r\n"));
        });
    send_all(fd.get(), "UNSUB probe\r\n");
    return fd;
  }

  unique_fd connect_publisher() override { return introduced(hub_port_); }

private:
  static constexpr uint64_t leaf_patience_ns = 10'000'000'000;
  static constexpr uint64_t leaf_poll_ns = 2'000'000;

  void write(const char* file, const std::string& text) const { std::ofstream{dir_ / file} << text; }

  uint16_t hub_port_;
  child hub_;
  std::optional<delay_wire> wire_;
  unique_fd prober_;
  uint64_t probes_ = 0;
};

} // namespace

std::unique_ptr<peer> start_leaf(const std::string& program, const peer_options& options) {
  return std::make_unique<leaf_peer>(program, options);
}

} // namespace cafbus::bench
