// A client in plain C++, without CAF: subscribes, publishes, reads back what it has published.
// Usage: blocking_client [SOCKET]; without it the socket of the app "default".
#include <cafbus/io/client/blocking_client.hpp>

#include <iostream>

using namespace std::chrono_literals;

namespace {

constexpr uint64_t count = 1'000;

int fail(const cafbus::client_failure& why) {
  std::cerr << why.text << '\n';
  return 1;
}

} // namespace

int main(int argc, char** argv) {
  auto path = argc > 1 ? std::variant<std::string, cafbus::client_failure>{argv[1]} : cafbus::socket_path();
  if (auto* failure = std::get_if<cafbus::client_failure>(&path))
    return fail(*failure);
  const auto& socket = std::get<std::string>(path);

  auto subscribed = cafbus::blocking_consumer::open(socket, {.event_key = "example.blocking"}, 3s);
  if (auto* failure = std::get_if<cafbus::client_failure>(&subscribed))
    return fail(*failure);
  auto& consumer = std::get<cafbus::blocking_consumer>(subscribed);

  auto connected = cafbus::blocking_producer::open(socket, 3s);
  if (auto* failure = std::get_if<cafbus::client_failure>(&connected))
    return fail(*failure);
  auto& producer = std::get<cafbus::blocking_producer>(connected);
  for (uint64_t i = 0; i < count; ++i) {
    auto payload = "{\"n\":" + std::to_string(i) + "}";
    if (auto failure = producer.publish({.event_type = "example.blocking", .payload = payload}, 3s))
      return fail(*failure);
  }
  auto totals = producer.finish(3s);
  if (auto* failure = std::get_if<cafbus::client_failure>(&totals))
    return fail(*failure);
  std::cout << std::get<cafbus::publish_ack>(totals).accepted << " accepted by process " << consumer.bus_pid() << '\n';

  uint64_t seen = 0;
  while (seen + consumer.dropped() < count) {
    auto got = consumer.next(3s);
    if (auto* failure = std::get_if<cafbus::client_failure>(&got))
      return fail(*failure);
    const auto& event = std::get<cafbus::received_event>(got);
    if (event.missed > 0)
      std::cout << event.missed << " missed before " << event.seq << '\n';
    if (++seen == 1)
      std::cout << event.event_type << ' ' << event.payload << " is the first\n";
  }
  std::cout << seen << " seen, " << consumer.dropped() << " missed\n";
  return 0;
}
