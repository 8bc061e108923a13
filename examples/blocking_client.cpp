// A client in plain C++, without CAF: subscribes, publishes, reads back what it has published.
// Usage: blocking_client [SOCKET]; without it the socket of the app "default".
#include <cafbus/io/client/blocking_client.hpp>

#include <iostream>

using namespace std::chrono_literals;

namespace {

constexpr uint64_t count = 1'000;

int fail(const cafbus::failure& why) {
  std::cerr << why.text << '\n';
  return 1;
}

} // namespace

int main(int argc, char** argv) {
  auto socket = argc > 1 ? cafbus::result<std::string>{argv[1]} : cafbus::socket_path();
  if (!socket)
    return fail(socket.error());
  auto consumer = cafbus::blocking_consumer::open(*socket, {.event_key = "example.blocking"}, 3s);
  if (!consumer)
    return fail(consumer.error());
  auto producer = cafbus::blocking_producer::open(*socket, 3s);
  if (!producer)
    return fail(producer.error());

  for (uint64_t i = 0; i < count; ++i) {
    auto payload = "{\"n\":" + std::to_string(i) + "}";
    if (auto done = producer->publish({.event_type = "example.blocking", .payload = payload}, 3s); !done)
      return fail(done.error());
  }
  auto totals = producer->finish(3s);
  if (!totals)
    return fail(totals.error());
  std::cout << totals->accepted << " accepted by process " << consumer->bus_pid() << '\n';

  uint64_t seen = 0;
  while (seen + consumer->dropped() < count) {
    auto event = consumer->next(3s);
    if (!event)
      return fail(event.error());
    if (event->missed > 0)
      std::cout << event->missed << " missed before " << event->seq << '\n';
    if (++seen == 1)
      std::cout << event->event_type << ' ' << event->payload << " is the first\n";
  }
  std::cout << seen << " seen, " << consumer->dropped() << " missed\n";
  return 0;
}
