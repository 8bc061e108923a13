// Two subscribers in one program, one quick and one stuck for a while. The stuck one has a bounded mailbox of its own:
// it loses its oldest events, sees the hole in the sequence numbers, is counted, and delays nobody.
#include <cafbus/actors/bus.hpp>
#include <cafbus/messages/event_encoder.hpp>

#include <caf/all.hpp>
#include <iostream>

namespace {

using namespace std::chrono_literals;

constexpr uint32_t capacity = 100;
constexpr uint64_t batches = 100;
constexpr uint64_t batch_size = 10;
constexpr uint64_t published = batches * batch_size;

/// What a subscriber has seen; main reads it when the bus has ended.
struct notes {
  uint64_t seen = 0;
  uint64_t missed = 0; // what the holes add up to
  uint64_t last_seq = 0;
};

struct go_on {};
using consumer_actor = cafbus::subscriber_actor::extend<caf::reacts_to<go_on>>;

struct consumer_state {
  bool stuck = false;
  caf::typed_response_promise<cafbus::delivered> credit;
};

consumer_actor::behavior_type consumer(consumer_actor::stateful_pointer<consumer_state> self, notes* to, bool stuck) {
  self->state.stuck = stuck;
  return {
      [self, to](const cafbus::delivery& x) -> caf::result<cafbus::delivered> {
        for (const auto& range : x.events) {
          to->missed += range.seq - to->last_seq - 1;
          to->last_seq = range.seq + range.size() - 1;
          to->seen += range.size();
        }
        if (!self->state.stuck)
          return cafbus::delivered{};
        self->state.credit = self->make_response_promise<cafbus::delivered>(); // no credit, no next delivery
        return self->state.credit;
      },
      [self](go_on) {
        self->state.stuck = false;
        if (self->state.credit.pending())
          self->state.credit.deliver(cafbus::delivered{});
      },
  };
}

template <class Answer, class Handle, class Question>
Answer ask(caf::scoped_actor& self, const Handle& whom, Question question) {
  Answer result;
  self->request(whom, 10s, std::move(question))
      .receive([&](Answer& x) { result = std::move(x); },
               [&](const caf::error& e) { std::cerr << "no answer: " << self->system().render(e) << '\n'; });
  return result;
}

} // namespace

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(go_on)

int main() {
  caf::actor_system_config config;
  config.set("scheduler.policy", caf::atom("sharing")); // CAF's default polls when it is idle
  caf::actor_system system{config};
  auto parts = cafbus::spawn_bus(system, {{.idle_timeout = 0s, .queue_capacity = capacity}});
  caf::scoped_actor self{system};
  notes quick, stuck;
  auto quick_actor = system.spawn(consumer, &quick, false);
  auto stuck_actor = system.spawn(consumer, &stuck, true);
  auto quick_joined = ask<cafbus::joined>(self, parts.bus, cafbus::join{quick_actor, {.event_key = "n"}, {}});
  ask<cafbus::joined>(self, parts.bus, cafbus::join{stuck_actor, {.event_key = "n"}, {}});
  cafbus::event_encoder encoder;
  for (uint64_t i = 0; i < batches; ++i) {
    for (uint64_t j = 0; j < batch_size; ++j)
      encoder.add({.event_type = "n", .payload = "0"});
    ask<cafbus::published>(self, parts.hub, cafbus::publish{encoder.finish()});
    ask<cafbus::drained>(self, quick_joined.conn, cafbus::drain{}); // the quick one has it; nobody waits for the other
  }
  uint64_t dropped = 0;
  for (const auto& x : ask<cafbus::status_response>(self, parts.bus, cafbus::read_status{}).consumers) {
    std::cout << "received " << x.received << " = delivered " << x.delivered << " + dropped " << x.dropped
              << " + queued " << x.queued << '\n';
    dropped += x.dropped;
  }
  self->send(stuck_actor, go_on{});
  auto end = cafbus::stop(system, parts.bus); // hands out what is queued first
  self->send_exit(quick_actor, caf::exit_reason::user_shutdown);
  self->send_exit(stuck_actor, caf::exit_reason::user_shutdown);
  self->wait_for(quick_actor, stuck_actor);
  std::cout << "quick: " << quick.seen << " seen; stuck: " << stuck.seen << " seen, " << stuck.missed << " missed\n";
  auto good = quick.seen == published && quick.missed == 0 && stuck.seen + stuck.missed == published &&
              stuck.missed == dropped && dropped > 0;
  return end.ended && good ? 0 : 1;
}
