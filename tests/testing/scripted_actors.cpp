#include "testing/scripted_actors.hpp"

#include <algorithm>
#include <array>
#include <caf/exit_reason.hpp>
#include <caf/typed_response_promise.hpp>
#include <charconv>
#include <deque>

namespace cafbus::testing {

namespace {

void append_number(std::string& to, std::string_view name, uint64_t x) {
  std::array<char, 20> digits;
  auto* const end = std::to_chars(digits.data(), digits.data() + digits.size(), x).ptr;
  to.append(name).append(digits.data(), end);
}

// -- source ----------------------------------------------------------------------------------------------------------

/// Invariant: a timer is under way, or an answer, or there is nothing more to publish.
struct scripted_source_state {
  static inline const char* name = "scripted-source";
  explicit scripted_source_state(scripted_source_actor::pointer self) : self{self} {}

  void pause() {
    auto x = draw_time(*random, record->script.shortest_pause, record->script.longest_pause);
    self->delayed_send(self, x, publish_due{});
  }

  void on_due() {
    const auto& script = record->script;
    auto left = script.events - std::min(script.events, record->published);
    if (record->silent || left == 0)
      return;
    auto n = std::min<uint64_t>(left, script.smallest_batch +
                                          (*random)() % (script.largest_batch + 1 - script.smallest_batch));
    encoder.arrived_at(time_of_day(record->wall_clock));
    std::map<std::string, uint64_t> types;
    for (uint64_t i = 0; i < n; ++i) {
      const auto& type = script.types[(*random)() % script.types.size()];
      auto payload = "{\"source\":\"" + record->name + "\",\"n\":" + std::to_string(++record->published) + "}";
      event_fields fields;
      fields.event_type = type;
      fields.payload = payload;
      encoder.add(fields);
      ++types[type];
    }
    if (record->on_publish)
      record->on_publish();
    self->request(bus.hub, caf::infinite, publish{encoder.finish(), 0})
        .then(
            [this, types](const published&) {
              for (const auto& [type, count] : types)
                record->taken[type] += count;
              pause();
            },
            [](const caf::error&) {}); // its bus has ended; so does the story of this source
  }

  void stop() {
    self->send(bus.bus, source_ended{record->name, "stopped", false});
    self->quit(caf::exit_reason::user_shutdown);
  }

  scripted_source_actor::pointer self;
  std::shared_ptr<source_record> record;
  bus_parts bus;
  std::mt19937_64* random = nullptr;
  event_encoder encoder;
};

scripted_source_actor::behavior_type
scripted_source(scripted_source_actor::stateful_pointer<scripted_source_state> self,
                std::shared_ptr<source_record> record, const bus_parts& bus, std::mt19937_64* random) {
  auto& state = self->state;
  state.record = std::move(record);
  state.bus = bus;
  state.random = random;
  self->set_error_handler([](caf::error&) {});
  return {[&state](const start_source&) { state.pause(); }, [&state](const stop_source&) { state.stop(); },
          [&state](const publish_due&) { state.on_due(); }};
}

// -- consumer --------------------------------------------------------------------------------------------------------

struct scripted_consumer_state {
  static inline const char* name = "scripted-consumer";
  explicit scripted_consumer_state(scripted_consumer_actor::pointer self) : self{self} {}

  caf::result<delivered> on_delivery(const delivery& x) {
    for (const auto& range : x.events)
      for (auto i = range.first; i < range.last && !record->over; ++i)
        see(range, i);
    if (record->over)
      self->quit(caf::exit_reason::unknown);
    if (record->script.sticks_after > 0 && record->seen >= record->script.sticks_after) {
      record->script.sticks_after = 0;
      record->stuck = true;
    }
    auto pace = draw_time(*random, record->script.shortest_pace, record->script.longest_pace);
    if (!record->stuck && pace.count() == 0)
      return delivered{};
    if (!record->stuck)
      self->delayed_send(self, pace, credit_due{});
    return withheld.emplace_back(self->make_response_promise<delivered>());
  }

  void see(const event_range& range, uint32_t i) {
    auto origin = range.origin(i);
    ++record->seen;
    record->over = record->seen == record->script.dies_after;
    record->on_event({range.seq + (i - range.first), origin.node == 0 ? record->node : origin.node, origin.number,
                      origin.hops, range.batch->type(i), range.batch->payload(i)});
  }

  void give_one() {
    if (withheld.empty() || record->stuck)
      return;
    withheld.front().deliver(delivered{});
    withheld.pop_front();
  }

  void release() {
    record->stuck = false;
    while (!withheld.empty())
      give_one();
  }

  scripted_consumer_actor::pointer self;
  std::shared_ptr<consumer_record> record;
  std::mt19937_64* random = nullptr;
  std::deque<caf::typed_response_promise<delivered>> withheld; // each keeps this actor alive; gone at its end
};

scripted_consumer_actor::behavior_type
scripted_consumer(scripted_consumer_actor::stateful_pointer<scripted_consumer_state> self,
                  std::shared_ptr<consumer_record> record, std::mt19937_64* random) {
  auto& state = self->state;
  state.record = std::move(record);
  state.random = random;
  self->set_error_handler([](caf::error&) {});
  return {[&state](const delivery& x) { return state.on_delivery(x); },
          [&state](const release_credit&) { state.release(); }, [&state](const credit_due&) { state.give_one(); }};
}

} // namespace

void append_sighting(std::string& to, const std::string& bus, const std::string& consumer, const sighting& x) {
  to.append("event bus=").append(bus).append(" consumer=").append(consumer);
  append_number(to, " seq=", x.seq);
  append_number(to, " node=", x.node);
  append_number(to, " number=", x.number);
  append_number(to, " hops=", x.hops);
  to.append(" type=").append(x.type).append(" payload=").append(x.payload);
}

scripted_source_actor spawn_scripted_source(caf::actor_system& system, std::shared_ptr<source_record> record,
                                            const bus_parts& bus, std::mt19937_64& random) {
  return system.spawn(scripted_source, std::move(record), bus, &random);
}

scripted_consumer_actor spawn_scripted_consumer(caf::actor_system& system, std::shared_ptr<consumer_record> record,
                                                std::mt19937_64& random) {
  return system.spawn(scripted_consumer, std::move(record), &random);
}

std::chrono::nanoseconds draw_time(std::mt19937_64& random, std::chrono::nanoseconds shortest,
                                   std::chrono::nanoseconds longest) {
  if (longest <= shortest)
    return shortest;
  return shortest + std::chrono::nanoseconds{random() % static_cast<uint64_t>((longest - shortest).count() + 1)};
}

} // namespace cafbus::testing
