// A source of one's own: a typed actor that publishes batches. The hub's answer is its credit for the next batch, so it
// never outruns the bus. When it says that it has ended for good, the bus stops with its reason.
#include <cafbus/actors/bus.hpp>
#include <cafbus/messages/event_encoder.hpp>

#include <atomic>
#include <caf/all.hpp>
#include <iostream>

namespace {

constexpr uint64_t batches =
    80; // together fewer events than wait for a subscriber: none is dropped, however slow it is
constexpr uint64_t events_per_batch = 50;

struct ticker_state {
  cafbus::bus_parts bus;
  cafbus::event_encoder encoder;
  uint64_t sent = 0; // batches
  bool stopping = false;
};

using source_pointer = cafbus::source_actor::stateful_pointer<ticker_state>;

void end(source_pointer self, const std::string& why) {
  self->send(self->state.bus.hub, cafbus::source_status{"ticker", cafbus::source_state::disconnected, why});
  self->send(self->state.bus.bus, cafbus::source_ended{"ticker", why, false});
  self->quit(caf::exit_reason::user_shutdown);
}

void publish_next(source_pointer self) {
  auto& state = self->state;
  if (state.stopping || state.sent == batches)
    return end(self, state.stopping ? "stopped" : "all ticks are out");
  state.encoder.arrived_at(std::chrono::system_clock::now());
  for (uint64_t i = 0; i < events_per_batch; ++i) {
    auto payload = std::to_string(state.sent * events_per_batch + i);
    state.encoder.add({.event_type = "tick", .payload = payload});
  }
  ++state.sent;
  self->request(state.bus.hub, caf::infinite, cafbus::publish{state.encoder.finish()})
      .then([self](const cafbus::published&) { publish_next(self); },
            [self](const caf::error&) { self->quit(caf::exit_reason::user_shutdown); }); // the bus has ended
}

cafbus::source_actor::behavior_type ticker(source_pointer self, const cafbus::bus_parts& bus) {
  self->state.bus = bus;
  return {
      [self](const cafbus::start_source&) {
        self->send(self->state.bus.hub, cafbus::source_status{"ticker", cafbus::source_state::connected, ""});
        publish_next(self);
      },
      [self](const cafbus::stop_source&) { self->state.stopping = true; }, // ends with the answer to its batch
  };
}

} // namespace

int main() {
  caf::actor_system_config config;
  config.set("scheduler.policy", caf::atom("sharing")); // CAF's default polls when it is idle
  caf::actor_system system{config};
  auto parts = cafbus::spawn_bus(system, {{.idle_timeout = std::chrono::seconds{0}}});
  std::atomic<uint64_t> sum = 0;
  std::atomic<uint64_t> seen = 0;
  auto adder = system.spawn([&](cafbus::subscriber_actor::pointer) -> cafbus::subscriber_actor::behavior_type {
    return {[&](const cafbus::delivery& x) {
      for (const auto& status : x.statuses)
        std::cout << status.source << " is " << to_string(status.state) << ' ' << status.detail << '\n';
      for (const auto& range : x.events)
        for (auto i = range.first; i < range.last; ++i, ++seen)
          sum += std::stoull(std::string{range.batch->payload(i)});
      return cafbus::delivered{};
    }};
  });
  caf::scoped_actor self{system};
  self->request(parts.bus, caf::infinite, cafbus::join{adder, {.event_key = "tick"}, {}})
      .receive([](const cafbus::joined&) {}, [](const caf::error&) {});
  self->send(parts.bus, cafbus::attach_source{"ticker", system.spawn(ticker, parts)});
  self->wait_for(parts.bus); // it ends with its source, after it has handed everything out
  self->send_exit(adder, caf::exit_reason::user_shutdown);
  constexpr auto total = batches * events_per_batch;
  std::cout << seen << " ticks, sum " << sum << '\n';
  return seen == total && sum == total * (total - 1) / 2 ? 0 : 1;
}
