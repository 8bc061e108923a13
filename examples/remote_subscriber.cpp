// Two programs that are connected over CAF's own network, as processes of one example: the parent has the bus, the
// child has a subscriber. An event never leaves its process as a message of CAF; the child has a bus of its own, whose
// events are those of the parent's that somebody there wants.
#include <cafbus/cafbus.hpp>
#include <cafbus/io/remote/remote_bus.hpp>

#include <array>
#include <caf/all.hpp>
#include <caf/io/middleman.hpp>
#include <cstdint>
#include <iostream>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;

constexpr int wanted = 3;
const cafbus::bus_options options{{.idle_timeout = 0s}};

struct config : caf::actor_system_config {
  config() {
    load<caf::io::middleman>();
    set("scheduler.policy", caf::atom("sharing")); // CAF's default polls when it is idle
    cafbus::add_remote_types(*this);
  }
};

int fail(const std::string& why) {
  std::cerr << why << '\n';
  return 1;
}

/// Prints some events and where they come from, and ends.
cafbus::subscriber_actor::behavior_type printer(cafbus::subscriber_actor::pointer self) {
  return {[self, seen = 0](const cafbus::delivery& x) mutable {
    for (auto event : events_of(x)) {
      std::cout << event.payload() << " has crossed " << event.origin().hops << " link\n";
      if (++seen == wanted)
        self->quit(caf::exit_reason::user_shutdown);
    }
    return cafbus::delivered{};
  }};
}

int subscribe(uint16_t port) {
  config how;
  caf::actor_system system{how};
  cafbus::bus_handle near{system, options};
  if (auto added = cafbus::add_remote_bus(system, near.parts(), options, {.host = "127.0.0.1", .port = port}); !added)
    return fail(added.error().text);
  caf::scoped_actor self{system};
  auto subscriber = self->spawn<caf::monitored>(printer);
  self->send(*near, cafbus::join{subscriber, {.event_key = "news"}});
  bool ended = false;
  self->receive_while([&] { return !ended; })([](const cafbus::joined&) {},
                                              [&](const caf::down_msg&) { ended = true; });
  return near.stop().ended ? 0 : fail("the near bus did not end");
}

/// Publishes until so many have been wanted by somebody, or nobody has come for half a minute.
void publish(caf::actor_system& system, const cafbus::hub_actor& hub) {
  caf::scoped_actor self{system};
  cafbus::event_encoder encoder;
  const auto until = std::chrono::steady_clock::now() + 30s;
  for (int taken = 0; taken < wanted && std::chrono::steady_clock::now() < until;) {
    encoder.add({.event_type = "news", .payload = std::to_string(taken)});
    self->request(hub, 10s, cafbus::publish{encoder.finish()})
        .receive([&](const cafbus::published& x) { taken += x.unmatched == 0 ? 1 : 0; },
                 [&](const caf::error&) { taken = wanted; });
  }
}

int serve(int to_child) {
  config how;
  caf::actor_system system{how};
  cafbus::bus_handle bus{system, options};
  auto port = cafbus::publish_remote_gate(system, bus.parts(), options); // at 127.0.0.1, where CAF finds a free port
  if (!port)
    return fail(port.error().text);
  if (::write(to_child, &*port, sizeof *port) != sizeof *port)
    return fail("the child is gone");
  publish(system, bus.parts().hub);
  int status = 1;
  ::wait(&status); // the bus hands out what is queued while the child takes it
  return bus.stop().ended && status == 0 ? 0 : fail("an end is not as it should be");
}

} // namespace

int main() {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0)
    return fail("there is no pipe");
  if (::fork() != 0) { // before there is a thread
    ::close(ends[0]);
    return serve(ends[1]);
  }
  ::close(ends[1]);
  uint16_t port = 0;
  return ::read(ends[0], &port, sizeof port) == sizeof port ? subscribe(port) : 1;
}
