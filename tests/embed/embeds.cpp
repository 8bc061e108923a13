// A program of somebody else: a bus with a socket, a consumer in the program, and a blocking client at the socket.
#include <cafbus/cafbus.hpp>
#include <cafbus/io/client/blocking_client.hpp>

#include <caf/all.hpp>
#include <caf/io/middleman.hpp>
#include <cstdlib>
#include <iostream>
#include <unistd.h>

using namespace std::chrono_literals;

namespace {

int fail(const std::string& why) {
  std::cerr << why << '\n';
  return 1;
}

/// Publishes an event through the socket and reads it back.
cafbus::result<void> talk(const std::string& socket) {
  auto consumer = cafbus::blocking_consumer::open(socket, {.event_key = "t"}, 5s);
  if (!consumer)
    return consumer.error();
  auto producer = cafbus::blocking_producer::open(socket, 5s);
  if (!producer)
    return producer.error();
  if (auto done = producer->publish_line(R"({"event_type":"t","payload":{"n": 1.10}})", 5s); !done)
    return done;
  if (auto totals = producer->finish(5s); !totals)
    return totals.error();
  auto event = consumer->next(5s);
  if (!event)
    return event.error();
  if (event->payload != R"({"n": 1.10})" || event->seq != 1)
    return cafbus::failure{cafbus::failure_kind::protocol, "not what was published"};
  return {};
}

} // namespace

int main() {
  char folder[] = "/tmp/cafbus-embed-XXXXXX";
  if (!::mkdtemp(folder))
    return fail("no folder");
  caf::actor_system_config config;
  config.load<caf::io::middleman>();
  caf::actor_system system{config};
  // never stopped by a word, and never idle: without its handle's end the system would wait for it for ever
  cafbus::bus_handle forgotten{system, {{.idle_timeout = 0s}}};
  size_t seen = 0; // the subscriber's until it has ended
  auto subscriber = system.spawn([&](cafbus::subscriber_actor::pointer) -> cafbus::subscriber_actor::behavior_type {
    return {[&](const cafbus::delivery& x) {
      for (const auto& range : x.events)
        seen += range.size();
      return cafbus::delivered{};
    }};
  });
  cafbus::bus_options options;
  options.socket = std::string{folder} + "/bus.sock";
  cafbus::bus_handle bus{system, options};
  caf::scoped_actor self{system};
  bool admitted = false;
  self->request(*bus, 5s, cafbus::join{subscriber, {.event_key = "t"}})
      .receive([&](const cafbus::joined& x) { admitted = x.admitted; }, [](const caf::error&) {});
  auto worked = cafbus::serve(system, bus.parts(), options);
  if (worked)
    worked = talk(options.socket);
  auto end = bus.stop();
  self->send_exit(subscriber, caf::exit_reason::user_shutdown);
  self->wait_for(subscriber);
  ::rmdir(folder); // the socket is gone
  if (!worked)
    return fail(worked.error().text);
  if (!end.ended || !admitted || seen != 1 || ::access(folder, F_OK) == 0)
    return fail("not the end that was expected");
  std::cout << "cafbus " << cafbus::version() << " works\n";
  return 0;
}
