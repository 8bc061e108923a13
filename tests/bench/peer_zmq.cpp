#include "bench/peer.hpp"
#include "bench/zmq_proxy.hpp"
#include "io/sockets/unix_socket.hpp"

#include <fmt/core.h>

// The proxy is libzmq's own. Publishers and consumers speak ZMTP 3.0 (rfc.zeromq.org/spec/23) over their sockets
// themselves: with libzmq at these ends, too, its threads would compete with the proxy for the processors, and the code
// that reads would be another one than for the other servers.

namespace cafbus::bench {

namespace {

constexpr char more = 1;
constexpr char is_long = 2;
constexpr char command = 4;
constexpr size_t greeting_size = 64;
constexpr size_t probe_digits = 8;

std::string zmtp_frame(char flags, std::string_view body) {
  std::string result;
  if (body.size() < 256) {
    result = {flags, static_cast<char>(body.size())};
  } else {
    result = {static_cast<char>(flags | is_long)};
    for (int shift = 56; shift >= 0; shift -= 8)
      result += static_cast<char>(body.size() >> shift);
  }
  return result.append(body);
}

std::string zmtp_greeting() {
  std::string result = "\xFF" + std::string(8, '\0') + "\x7F\x03" + std::string(1, '\0') + "NULL";
  result.resize(greeting_size);
  return result;
}

/// The body of a frame of at most 255 bytes.
std::string read_short_frame(int fd) {
  return read_exactly(fd, static_cast<unsigned char>(read_exactly(fd, 2)[1]));
}

/// A proxy of ZeroMQ, XSUB to XPUB, over Unix sockets. An event is a message of two parts, type and payload. It does
/// not answer for what is published.
class zmq_peer final : public peer {
public:
  zmq_peer() : peer{"zmq"} { start({own_path(), "zmq-proxy", dir_.path()}); }

  unique_fd connect_consumer(const std::vector<std::string>& types, bool /* reads */) override {
    if (!prober_)
      prober_ = introduced(zmq_in, "PUB");
    auto fd = introduced(zmq_out, "SUB");
    std::string request;
    for (const auto& x : types)
      request += zmtp_frame(0, '\1' + x);
    const auto topic = fmt::format("probe.{}", ++probes_);
    send_all(fd.get(), request + zmtp_frame(0, '\1' + topic)); // the last one: when it has been heard, all have
    await_first_probe(
        fd.get(),
        [&](uint64_t i) {
          send_all(prober_.get(), zmtp_frame(more, topic) + zmtp_frame(0, fmt::format("{:0{}}", i, probe_digits)));
        },
        [&] {
          read_short_frame(fd.get());
          return std::stoull(read_short_frame(fd.get()));
        });
    send_all(fd.get(), zmtp_frame(0, '\0' + topic));
    return fd;
  }

  unique_fd connect_publisher() override { return introduced(zmq_in, "PUB"); }

  std::string publish_frame(const std::string& type, const std::string& payload,
                            const std::string& /* id */) const override {
    return zmtp_frame(more, type) + zmtp_frame(0, payload);
  }

  /// What comes is what consumers are subscribed to.
  uint64_t take_answers(std::string& bytes, uint64_t before) const override { return bytes.clear(), before; }
  bool answers() const override { return false; }
  void complete(expectation& x) const override { x.trailer = 0; }

protected:
  unique_fd connect() override { return connect_to(zmq_in); }

private:
  unique_fd connect_to(const char* socket) {
    auto result = connect_unix(dir_ / socket, std::chrono::seconds{1});
    return result ? std::move(*result) : unique_fd{};
  }

  unique_fd introduced(const char* socket, const char* type) {
    auto fd = connect_to(socket);
    if (!fd)
      throw bench_error{"cannot connect to the ZeroMQ proxy"};
    make_blocking(fd.get());
    send_all(fd.get(), zmtp_greeting());
    read_exactly(fd.get(), greeting_size);
    const std::string length_of_type{'\0', '\0', '\0', '\3'};
    send_all(fd.get(), zmtp_frame(command, "\5READY\13Socket-Type" + length_of_type + type));
    read_short_frame(fd.get()); // READY
    return fd;
  }

  unique_fd prober_;
  uint64_t probes_ = 0;
};

} // namespace

std::unique_ptr<peer> start_zmq() {
  return std::make_unique<zmq_peer>();
}

} // namespace cafbus::bench
