#include "bench/peer.hpp"
#include "io/client.hpp"
#include "io/unix_socket.hpp"
#include "messages/frame_codec.hpp"
#include "support/laws.hpp"

#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace cafbus::bench {

namespace {

constexpr auto patience = std::chrono::seconds{10};

class cafbus_peer : public peer {
public:
  explicit cafbus_peer(const peer_options& options) : peer{"cafbus"} {
    auto program = std::filesystem::path{own_path()}.parent_path() / "cafbus";
    std::vector<std::string> command{program,          "serve", "--dir",       dir_.path(),
                                     "--idle-timeout", "never", "--log-level", "warn"};
    if (options.queue_capacity != 0)
      command.insert(command.end(), {"--queue-capacity", std::to_string(options.queue_capacity)});
    if (options.queue_bytes != 0)
      command.insert(command.end(), {"--queue-bytes", std::to_string(options.queue_bytes)});
    command.insert(command.end(), options.extra.begin(), options.extra.end());
    start(command);
  }

  unique_fd connect_consumer(const std::vector<std::string>& types) override {
    auto fd = connected();
    hello request;
    request.pid = ::getpid();
    request.event_key = "bench";
    request.event_types = types;
    send_all(fd.get(), encode(request));
    auto ack = decode(read_until(fd.get(), "\n"));
    const auto* read = std::get_if<frame>(&ack);
    const auto* answer = read ? std::get_if<hello_ack>(read) : nullptr;
    if (!answer || answer->rejected)
      throw bench_error{"a consumer was not admitted"};
    return fd;
  }

  unique_fd connect_publisher() override { return connected(); }

  std::string publish_frame(const std::string& type, const std::string& payload) const override {
    return R"({"type":"publish","event_type":")" + type + R"(","payload":)" + payload + "}\n";
  }

  uint64_t take_answers(std::string& bytes, uint64_t before) const override {
    auto end = bytes.rfind('\n');
    if (end == std::string::npos)
      return before;
    auto begin = end == 0 ? std::string::npos : bytes.rfind('\n', end - 1);
    auto decoded = decode(std::string_view{bytes}.substr(begin + 1, end - begin)); // totals: the last says all
    const auto* read = std::get_if<frame>(&decoded);
    const auto* ack = read ? std::get_if<publish_ack>(read) : nullptr;
    if (!ack || ack->duplicates + ack->rejected != 0)
      throw bench_error{"a publisher was answered with " + bytes.substr(begin + 1, end - begin)};
    bytes.erase(0, end + 1);
    return ack->accepted;
  }

  void complete(expectation& x) const override { x.numbered = true; }

  server_counts check() override {
    auto connection = client::connect(socket(), patience);
    auto* bus = std::get_if<client>(&connection);
    if (!bus || bus->send(encode(status_query{}), patience))
      throw bench_error{"the bus cannot be asked for its status"};
    auto got = bus->next(patience);
    auto* in = std::get_if<client::incoming>(&got);
    auto* read = in ? std::get_if<frame>(in) : nullptr;
    auto* status = read ? std::get_if<status_response>(read) : nullptr;
    if (!status)
      throw bench_error{"the bus has not answered with its status"};
    if (auto broken = laws::conservation(status->counters, status->consumers); !broken.empty())
      throw bench_error{"conservation does not hold: " + broken};
    server_counts result{true, status->counters.ingress, 0};
    for (const auto& x : status->consumers)
      result.dropped += x.dropped;
    return result;
  }

protected:
  unique_fd connect() override {
    auto result = connect_unix(socket(), patience);
    auto* fd = std::get_if<unique_fd>(&result);
    return fd ? std::move(*fd) : unique_fd{};
  }

private:
  std::string socket() const { return dir_ / "default/bus.sock"; }

  unique_fd connected() {
    auto fd = connect();
    if (!fd)
      throw bench_error{"cannot connect to the bus"};
    ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) & ~O_NONBLOCK);
    limit_reads(fd.get());
    return fd;
  }
};

} // namespace

std::unique_ptr<peer> start_cafbus(const peer_options& options) {
  return std::make_unique<cafbus_peer>(options);
}

} // namespace cafbus::bench
