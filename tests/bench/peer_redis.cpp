#include "bench/peer.hpp"
#include "io/sockets/unix_socket.hpp"

#include <algorithm>

namespace cafbus::bench {

namespace {

std::string bulk(std::string_view text) {
  return '$' + std::to_string(text.size()) + "\r\n" + std::string{text} + "\r\n";
}

/// Redis pub/sub over a Unix socket: no persistence, no limit on what waits for a consumer.
class redis_peer : public peer {
public:
  explicit redis_peer(const std::string& program) : peer{"redis"} {
    start({program, "--port", "0", "--unixsocket", socket(), "--save", "", "--appendonly", "no",
           "--client-output-buffer-limit", "pubsub 0 0 0", "--dir", dir_.path(), "--daemonize", "no"});
  }

  unique_fd connect_consumer(const std::vector<std::string>& types, bool /* reads */) override {
    auto fd = connected();
    for (const auto& x : types)
      send_all(fd.get(), "*2\r\n" + bulk("SUBSCRIBE") + bulk(x));
    read_until(fd.get(), "\r\n:" + std::to_string(types.size()) + "\r\n");
    return fd;
  }

  unique_fd connect_publisher() override { return connected(); }

  std::string publish_frame(const std::string& type, const std::string& payload,
                            const std::string& /* id */) const override {
    return "*3\r\n" + bulk("PUBLISH") + bulk(type) + bulk(payload);
  }

  std::string consume_line(const std::string& type, size_t /* count */) const override {
    return "redis-cli -s " + socket() + " subscribe " + type;
  }
  std::string publish_line(const std::string& file) const override {
    return "redis-cli -s " + socket() + " --pipe <" + file;
  }
  std::string ready_word() const override { return "subscribe"; }
  size_t printed_around(const std::string& type) const override { return 8 + type.size() + 1 + 1; } // "message"
  size_t printed_before(const std::string& type) const override { return 10 + type.size() + 1 + 2; }

  uint64_t take_answers(std::string& bytes, uint64_t before) const override {
    auto lines = std::count(bytes.begin(), bytes.end(), '\n'); // ":N\r\n" each
    if (bytes.find('-') != std::string::npos)
      throw bench_error{"a publisher was answered with " + bytes};
    bytes.clear();
    return before + static_cast<uint64_t>(lines);
  }

protected:
  unique_fd connect() override {
    auto result = connect_unix(socket(), std::chrono::seconds{1});
    return result ? std::move(*result) : unique_fd{};
  }

private:
  std::string socket() const { return dir_ / "redis.sock"; }

  unique_fd connected() {
    auto fd = connect();
    if (!fd)
      throw bench_error{"cannot connect to redis-server"};
    make_blocking(fd.get());
    return fd;
  }
};

} // namespace

std::unique_ptr<peer> start_redis(const std::string& program) {
  return std::make_unique<redis_peer>(program);
}

} // namespace cafbus::bench
