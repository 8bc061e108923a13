// A program of somebody else: a bus with a socket, a consumer in the program, and a blocking client at the socket.
#include <cafbus/actors/bus.hpp>
#include <cafbus/config/version.hpp>
#include <cafbus/io/client/blocking_client.hpp>
#include <cafbus/io/sockets/serve.hpp>

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

/// @returns what went wrong, empty if nothing did.
std::string talk(const std::string& socket) {
  auto consumer = cafbus::blocking_consumer::open(socket, {.event_key = "t"}, 5s);
  if (auto* failure = std::get_if<cafbus::client_failure>(&consumer))
    return "consumer: " + failure->text;
  auto producer = cafbus::blocking_producer::open(socket, 5s);
  if (auto* failure = std::get_if<cafbus::client_failure>(&producer))
    return "producer: " + failure->text;
  auto& out = std::get<cafbus::blocking_producer>(producer);
  if (auto failure = out.publish_line(R"({"event_type":"t","payload":{"n": 1.10}})", 5s))
    return "publish: " + failure->text;
  if (auto totals = out.finish(5s); std::holds_alternative<cafbus::client_failure>(totals))
    return "finish: " + std::get<cafbus::client_failure>(totals).text;
  auto got = std::get<cafbus::blocking_consumer>(consumer).next(5s);
  if (auto* failure = std::get_if<cafbus::client_failure>(&got))
    return "next: " + failure->text;
  const auto& event = std::get<cafbus::received_event>(got);
  return event.payload == R"({"n": 1.10})" && event.seq == 1 ? "" : "not what was published";
}

} // namespace

int main() {
  char folder[] = "/tmp/cafbus-embed-XXXXXX";
  if (!::mkdtemp(folder))
    return fail("no folder");
  caf::actor_system_config config;
  config.load<caf::io::middleman>();
  caf::actor_system system{config};
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
  auto parts = cafbus::spawn_bus(system, options);
  caf::scoped_actor self{system};
  bool admitted = false;
  self->request(parts.bus, 5s, cafbus::join{subscriber, {.event_key = "t"}, {}})
      .receive([&](const cafbus::joined& x) { admitted = x.admitted; }, [](const caf::error&) {});
  auto error = cafbus::serve(system, parts, options);
  if (error.empty())
    error = talk(options.socket);
  auto end = cafbus::stop(system, parts.bus);
  self->send_exit(subscriber, caf::exit_reason::user_shutdown);
  self->wait_for(subscriber);
  ::rmdir(folder); // the socket is gone
  if (!error.empty() || !end.ended || !admitted || seen != 1 || ::access(folder, F_OK) == 0)
    return fail(error.empty() ? "not the end that was expected" : error);
  std::cout << "cafbus " << cafbus::version() << " works\n";
  return 0;
}
