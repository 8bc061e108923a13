// The smallest program with a bus in it: one subscriber, three events, a clean end.
#include <cafbus/actors/bus.hpp>
#include <cafbus/messages/event_encoder.hpp>

#include <caf/all.hpp>
#include <iostream>

int main() {
  caf::actor_system_config config;
  caf::actor_system system{config};
  auto parts = cafbus::spawn_bus(system, {{.idle_timeout = std::chrono::seconds{0}}});
  size_t seen = 0; // the subscriber's until the system has ended
  auto subscriber = system.spawn([&](cafbus::subscriber_actor::pointer) -> cafbus::subscriber_actor::behavior_type {
    return {[&](const cafbus::delivery& x) {
      for (const auto& range : x.events)
        for (auto i = range.first; i < range.last; ++i, ++seen)
          std::cout << range.seq + (i - range.first) << ": " << range.batch->payload(i) << '\n';
      return cafbus::delivered{}; // credit for the next delivery
    }};
  });
  caf::scoped_actor self{system};
  auto nothing = [](const caf::error&) {};
  self->request(parts.bus, caf::infinite, cafbus::join{subscriber, {.event_key = "greeting"}, {}})
      .receive([](const cafbus::joined&) {}, nothing);
  cafbus::event_encoder encoder;
  for (auto payload : {R"({"text":"hello"})", "1.10", "[true]"})
    encoder.add({.event_type = "greeting", .payload = payload});
  self->request(parts.hub, caf::infinite, cafbus::publish{encoder.finish()})
      .receive([](const cafbus::published& x) { std::cout << x.accepted << " accepted\n"; }, nothing);
  auto end = cafbus::stop(system, parts.bus); // hands out what is queued first
  self->send_exit(subscriber, caf::exit_reason::user_shutdown);
  self->wait_for(subscriber);
  return end.ended && seen == 3 ? 0 : 1;
}
