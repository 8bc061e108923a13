#pragma once
#include "bench/peer.hpp"

namespace cafbus::bench {

/// A bus, in a process that is started here.
class cafbus_peer : public peer {
public:
  explicit cafbus_peer(const peer_options& options);

  unique_fd connect_consumer(const std::vector<std::string>& types, bool reads) override;
  unique_fd connect_publisher() override { return connected(); }
  std::string publish_frame(const std::string& type, const std::string& payload, const std::string& id) const override;
  uint64_t take_answers(std::string& bytes, uint64_t before) const override;
  void complete(expectation& x) const override { x.numbered = true; }
  std::string consume_line(const std::string& type, size_t count) const override;
  std::string publish_line(const std::string& file) const override;
  std::string file_frame(const std::string& type, const std::string& payload, const std::string& id) const override;
  std::string ready_word() const override { return "[cafbus] ready"; }
  server_counts check() override;

protected:
  explicit cafbus_peer(std::string name) : peer{std::move(name)} {}

  /// The command that starts a bus in that folder.
  static std::vector<std::string> serve(const std::string& dir, const peer_options& options);

  unique_fd connect() override;
  std::string socket() const { return dir_ / "default/bus.sock"; }

private:
  unique_fd connected();
};

} // namespace cafbus::bench
