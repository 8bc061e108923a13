// Two buses in one program, linked over a Unix socket as buses of two processes would be: what is published at the
// upper one comes to a subscriber of the lower one, once that wants it. Between machines the places are HOST:PORT, the
// library is cafbus::links_tls, and `terms` name certificates.
#include <cafbus/cafbus.hpp>
#include <cafbus/io/links/add_links.hpp>

#include <algorithm>
#include <caf/all.hpp>
#include <caf/io/middleman.hpp>
#include <cstdlib>
#include <iostream>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;

int fail(const std::string& why) {
  std::cerr << why << '\n';
  return 1;
}

/// Prints an event and where it comes from, and ends.
cafbus::subscriber_actor::behavior_type printer(cafbus::subscriber_actor::pointer self) {
  return {[self](const cafbus::delivery& x) {
    for (auto event : events_of(x)) {
      std::cout << event.payload() << " has crossed " << event.origin().hops << " link\n";
      self->quit(caf::exit_reason::user_shutdown);
    }
    return cafbus::delivered{};
  }};
}

/// @returns whether somebody wanted it.
bool publish(caf::scoped_actor& self, const cafbus::hub_actor& hub) {
  cafbus::event_encoder encoder;
  encoder.add({.event_type = "news", .payload = R"("hello")"});
  bool taken = false;
  self->request(hub, 10s, cafbus::publish{encoder.finish()})
      .receive([&](const cafbus::published& x) { taken = x.unmatched == 0; }, [&](const caf::error&) { taken = true; });
  return taken;
}

} // namespace

int main() {
  char folder[] = "/tmp/cafbus-linked-XXXXXX";
  if (!::mkdtemp(folder))
    return fail("there is no folder for the socket");
  const auto place = "unix:" + std::string{folder} + "/link.sock";
  caf::actor_system_config config;
  config.load<caf::io::middleman>();
  config.set("scheduler.policy", caf::atom("sharing")); // CAF's default polls when it is idle
  caf::actor_system system{config};
  const cafbus::bus_options options{{.idle_timeout = 0s}};
  cafbus::bus_handle upper{system, options};
  cafbus::bus_handle lower{system, options};
  auto door = cafbus::add_links(system, upper.parts(), options, {.terms = {.listen = place}});
  if (!door)
    return fail(door.error().text);
  auto link = cafbus::add_links(system, lower.parts(), options, {.from = {place}});
  if (!link)
    return fail(link.error().text);
  caf::scoped_actor self{system};
  auto subscriber = self->spawn<caf::monitored>(printer);
  self->send(*lower, cafbus::join{subscriber, {.event_key = "news"}});
  while (!publish(self, upper.parts().hub)) {
    // the lower bus has not asked for it yet
  }
  bool ended = false;
  self->receive_while([&] { return !ended; })([](const cafbus::joined&) {},
                                              [&](const caf::down_msg&) { ended = true; });
  const auto ends = {lower.stop(), upper.stop()}; // in this order: a bus waits for one that takes its events
  ::rmdir(folder);
  return std::ranges::all_of(ends, [](const auto& x) { return x.ended; }) ? 0 : fail("a bus did not end");
}
