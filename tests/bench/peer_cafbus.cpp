#include "bench/peer_cafbus.hpp"

#include "io/client/client.hpp"
#include "io/sockets/unix_socket.hpp"
#include "messages/frame_codec.hpp"
#include "testing/laws.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace cafbus::bench {

namespace {

constexpr auto patience = std::chrono::seconds{10};
constexpr auto reading_key = "bench";
constexpr auto stuck_key = "stuck";

/// The one frame in `line` if it is an X, else null.
template <class X>
std::optional<X> decode_as(std::string_view line) {
  auto decoded = decode(line);
  auto* x = std::get_if<frame>(&decoded);
  auto* result = x ? std::get_if<X>(x) : nullptr;
  return result ? std::optional<X>{std::move(*result)} : std::nullopt;
}

} // namespace

cafbus_peer::cafbus_peer(const peer_options& options) : peer{"cafbus"} {
  start(serve(dir_.path(), options));
}

std::vector<std::string> cafbus_peer::serve(const std::string& dir, const peer_options& options) {
  std::vector<std::string> result{cafbus_path(),    "serve", "--dir",       dir,
                                  "--idle-timeout", "never", "--log-level", "warn"};
  if (options.queue_capacity != 0)
    result.insert(result.end(), {"--queue-capacity", std::to_string(options.queue_capacity)});
  if (options.queue_bytes != 0)
    result.insert(result.end(), {"--queue-bytes", std::to_string(options.queue_bytes)});
  return result;
}

unique_fd cafbus_peer::connect_consumer(const std::vector<std::string>& types, bool reads) {
  auto fd = connected();
  hello request;
  request.pid = ::getpid();
  request.event_key = reads ? reading_key : stuck_key;
  request.event_types = types;
  send_all(fd.get(), encode(request));
  auto ack = decode_as<hello_ack>(read_until(fd.get(), "\n"));
  if (!ack || ack->rejected)
    throw bench_error{"a consumer was not admitted"};
  return fd;
}

std::string cafbus_peer::publish_frame(const std::string& type, const std::string& payload,
                                       const std::string& id) const {
  return R"({"type":"publish","event_type":")" + type + (id.empty() ? "" : R"(","event_id":")" + id) +
         R"(","payload":)" + payload + "}\n";
}

std::string cafbus_peer::consume_line(const std::string& type, size_t count) const {
  return cafbus_path() + " consume " + reading_key + " --types " + type + " --max-events " + std::to_string(count) +
         " --dir " + dir_.path();
}

std::string cafbus_peer::publish_line(const std::string& file) const {
  return cafbus_path() + " publish --dir " + dir_.path() + " " + file;
}

std::string cafbus_peer::file_frame(const std::string& type, const std::string& payload, const std::string& id) const {
  return R"({"event_type":")" + type + R"(","event_id":")" + id + R"(","payload":)" + payload + "}\n";
}

uint64_t cafbus_peer::take_answers(std::string& bytes, uint64_t before) const {
  auto end = bytes.rfind('\n');
  if (end == std::string::npos)
    return before;
  auto begin = end == 0 ? std::string::npos : bytes.rfind('\n', end - 1);
  auto last = bytes.substr(begin + 1, end - begin); // they are totals: the last says all
  auto ack = decode_as<publish_ack>(last);
  if (!ack || ack->duplicates + ack->rejected != 0)
    throw bench_error{"a publisher was answered with " + last};
  bytes.erase(0, end + 1);
  return ack->accepted;
}

server_counts cafbus_peer::check() {
  auto bus = client::connect(socket(), patience);
  if (!bus)
    throw bench_error{bus.error().text};
  auto status = bus->ask_status(patience);
  if (!status)
    throw bench_error{"the bus has not answered with its status"};
  if (auto broken = laws::conservation(status->counters, status->consumers); !broken.empty())
    throw bench_error{"conservation does not hold: " + broken};
  server_counts result{true, status->counters.ingress, 0, 0, status->counters.unmatched};
  for (const auto& x : status->consumers)
    (x.event_key == reading_key ? result.dropped : result.dropped_by_bad) += x.dropped;
  return result;
}

unique_fd cafbus_peer::connect() {
  auto result = connect_unix(socket(), patience);
  return result ? std::move(*result) : unique_fd{};
}

unique_fd cafbus_peer::connected() {
  auto fd = connect();
  if (!fd)
    throw bench_error{"cannot connect to the bus"};
  make_blocking(fd.get());
  return fd;
}

std::unique_ptr<peer> start_cafbus(const peer_options& options) {
  return std::make_unique<cafbus_peer>(options);
}

} // namespace cafbus::bench
