#pragma once
#include "bench/peer.hpp"

namespace cafbus::bench {

/// NATS on loopback, core publish and subscribe. It does not answer for what is published.
class nats_peer : public peer {
public:
  explicit nats_peer(const std::string& program);

  unique_fd connect_consumer(const std::vector<std::string>& types, bool reads) override;
  unique_fd connect_publisher() override { return introduced(port_); }
  std::string publish_frame(const std::string& type, const std::string& payload, const std::string& id) const override;
  uint64_t take_answers(std::string& bytes, uint64_t before) const override;
  bool answers() const override { return false; }

protected:
  /// Another kind of server, at which consumers connect to that port.
  nats_peer(std::string name, uint16_t port) : peer{std::move(name)}, port_{port} {}

  uint16_t port() const noexcept { return port_; }
  unique_fd connect() override;
  static unique_fd introduced(uint16_t port);

private:
  uint16_t port_;
};

} // namespace cafbus::bench
