#include "bench/floor.hpp"
#include "bench/payload.hpp"
#include "bench/peer.hpp"
#include "io/unix_socket.hpp"

#include <fcntl.h>
#include <fmt/core.h>

namespace cafbus::bench {

namespace {

/// What the kernel alone costs: one thread that writes prepared frames, batched, to every consumer.
class floor_peer : public peer {
public:
  floor_peer() : peer{"floor"} { start({own_path(), "floor-peer", socket()}); }

  unique_fd connect_consumer(const std::vector<std::string>&) override {
    auto fd = connected();
    send_all(fd.get(), "c");
    read_until(fd.get(), "\n");
    return fd;
  }
  unique_fd connect_publisher() override {
    auto fd = connected();
    send_all(fd.get(), "p");
    return fd;
  }
  std::string publish_frame(const std::string& type, const std::string& payload) const override {
    return fmt::format(R"({{"type":"event","event_type":"{}","source_time":"1795349100000",)"
                       R"("observed_at":"2026-11-22T11:30:38.123456789Z","seq":1000000,"payload":{}}})"
                       "\n",
                       type, payload);
  }
  uint64_t take_answers(std::string& bytes, uint64_t before) const override { return bytes.clear(), before; }
  bool answers() const override { return false; }
  void complete(expectation& x) const override {
    x.numbered = true;
    x.modulus = floor_frames(publish_frame("bench.00000", payload::make(x.payload_size, 0)).size());
  }
  bool prepared() const override { return true; }

protected:
  unique_fd connect() override {
    auto result = connect_unix(socket(), std::chrono::seconds{1});
    auto* fd = std::get_if<unique_fd>(&result);
    return fd ? std::move(*fd) : unique_fd{};
  }

private:
  std::string socket() const { return dir_ / "floor.sock"; }

  unique_fd connected() {
    auto fd = connect();
    if (!fd)
      throw bench_error{"cannot connect to the floor"};
    ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) & ~O_NONBLOCK);
    limit_reads(fd.get());
    return fd;
  }
};

} // namespace

std::unique_ptr<peer> start_floor() {
  return std::make_unique<floor_peer>();
}

} // namespace cafbus::bench
