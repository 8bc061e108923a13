#include "bench/floor.hpp"
#include "bench/payload.hpp"
#include "bench/peer.hpp"
#include "bench/publishers.hpp"
#include "io/sockets/unix_socket.hpp"

#include <fmt/core.h>

namespace cafbus::bench {

namespace {

/// What the kernel alone costs: one thread that writes prepared frames, batched, to every consumer.
class floor_peer : public peer {
public:
  floor_peer() : peer{"floor"} { start({own_path(), "floor-peer", socket()}); }

  unique_fd connect_consumer(const std::vector<std::string>&, bool /* reads */) override {
    auto fd = connected();
    send_all(fd.get(), "c");
    read_until(fd.get(), "\n");
    return fd;
  }
  unique_fd connect_publisher() override { return {}; }
  unique_fd connect_control() override {
    auto fd = connected();
    send_all(fd.get(), "p");
    return fd;
  }
  std::string publish_frame(const std::string& type, const std::string& payload,
                            const std::string& /* id */) const override {
    return fmt::format(R"({{"type":"event","event_type":"{}","source_time":"1795349100000",)"
                       R"("observed_at":"2026-11-22T11:30:38.123456789Z","seq":1000000,"payload":{}}})"
                       "\n",
                       type, payload);
  }
  uint64_t take_answers(std::string& bytes, uint64_t before) const override { return bytes.clear(), before; }
  bool answers() const override { return false; }
  void complete(expectation& x) const override {
    x.numbered = true;
    x.modulus = floor_frames(begin_line(x.payload_size, 0).size());
  }
  std::string begin_line(size_t size, double /* rate */) const override {
    return publish_frame(type_name(0), payload::make(size, 0), {});
  }

protected:
  unique_fd connect() override {
    auto result = connect_unix(socket(), std::chrono::seconds{1});
    return result ? std::move(*result) : unique_fd{};
  }

private:
  std::string socket() const { return dir_ / "floor.sock"; }

  unique_fd connected() {
    auto fd = connect();
    if (!fd)
      throw bench_error{"cannot connect to the floor"};
    make_blocking(fd.get());
    return fd;
  }
};

} // namespace

std::unique_ptr<peer> start_floor() {
  return std::make_unique<floor_peer>();
}

} // namespace cafbus::bench
