#include "actors/bus.hpp"
#include "bench/clock.hpp"
#include "bench/modes.hpp"
#include "bench/payload.hpp"
#include "messages/event_encoder.hpp"

#include <atomic>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <thread>

namespace cafbus::bench {

namespace {

struct embed_options {
  std::vector<size_t> batches{1, 64, 256, 1'024};
  size_t payload = 200;
  size_t pairs = 5;
  double seconds = 0.5;
};

struct embed_config : caf::actor_system_config {
  embed_config() {
    config_file_path.clear();
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", size_t{2});
  }
};

/// What the subscriber has seen; read by the publisher.
struct seen {
  std::atomic<uint64_t> events = 0;
  std::atomic<bool> in_order = true;
};

subscriber_actor::behavior_type subscriber(subscriber_actor::pointer, seen* where) {
  return {[where](const delivery& x) {
    auto events = where->events.load(std::memory_order_relaxed);
    for (const auto& range : x.events) {
      if (range.seq != events + 1)
        where->in_order = false;
      events += range.size();
    }
    where->events.store(events, std::memory_order_release);
    return delivered{};
  }};
}

event_batch_ptr make_events(size_t count, size_t payload) {
  event_encoder encoder;
  for (size_t i = 0; i < count; ++i) {
    auto body = payload::make(payload, i);
    event_fields fields;
    fields.event_type = "t";
    fields.payload = body;
    encoder.add(fields);
  }
  return encoder.finish();
}

/// Events per second from an actor that publishes batches, each when the one before has been taken, to another.
double run_once(size_t batch_size, const embed_options& options) {
  embed_config config;
  caf::actor_system system{config};
  bus_options bus;
  bus.idle_timeout = std::chrono::nanoseconds{0};
  bus.queue_capacity = std::max<uint32_t>(bus.queue_capacity, static_cast<uint32_t>(4 * batch_size));
  bus_handle handle{system, bus}; // ends the bus whatever happens
  const auto& parts = handle.parts();
  seen where;
  caf::scoped_actor self{system};
  bool admitted = false;
  self->request(parts.bus, caf::infinite, join{system.spawn(subscriber, &where), {0, "t", {}, {"t"}}, {}, {}})
      .receive([&](const joined& x) { admitted = x.admitted; }, [](const caf::error&) {});
  if (!admitted)
    throw bench_error{"the subscriber was not admitted"};
  auto events = make_events(batch_size, options.payload);
  const auto most_waiting = std::min<uint64_t>(bus.queue_capacity, bus.queue_bytes / events->bytes_of(0, 1)) / 2;
  uint64_t sent = 0;
  auto publish_one = [&] {
    self->request(parts.hub, caf::infinite, publish{events, 0})
        .receive([&](const published& x) { sent += x.accepted; }, [](const caf::error&) {});
    while (sent - where.events.load(std::memory_order_acquire) > most_waiting)
      std::this_thread::yield();
  };
  for (auto end = now_ns() + 50'000'000; now_ns() < end;)
    publish_one();
  auto begin = now_ns();
  auto before = where.events.load();
  while (static_cast<double>(now_ns() - begin) < options.seconds * 1e9)
    publish_one();
  auto rate = static_cast<double>(where.events.load() - before) * 1e9 / static_cast<double>(now_ns() - begin);
  while (where.events.load() < sent && where.in_order)
    std::this_thread::yield();
  if (!where.in_order || where.events.load() != sent)
    throw bench_error{fmt::format("{} events were published, {} came", sent, where.events.load())};
  return rate;
}

table embed(const embed_options& options) {
  table out;
  out.title = "embed";
  out.columns = {"events a batch", "M events/s"};
  std::map<size_t, std::vector<double>> rates;
  for (size_t round = 0; round < options.pairs; ++round)
    for (auto size : options.batches)
      rates[size].push_back(run_once(size, options));
  for (auto size : options.batches) {
    auto rate = spread_of(rates[size]);
    out.rows.push_back({std::to_string(size), text_of(rate, 1e6)});
    out.json.push_back({{"batch", size}, {"events_per_s", json_of(rate)}});
  }
  out.notes.push_back(
      fmt::format("From an actor that publishes to a subscriber in the same process, {} B payloads, each "
                  "batch encoded once before and published again and again, the next when the one "
                  "before is taken. Median (min to max) of {} runs of {} s.",
                  options.payload, options.pairs, options.seconds));
  return out;
}

} // namespace

void add_embed(CLI::App& app, tables& out) {
  auto options = std::make_shared<embed_options>();
  auto& mode = add_mode(app, "embed", "Events per second between actors of one program");
  mode.add_option("--batch", options->batches, "Events a batch; several, separated by commas: a row each")
      ->delimiter(',')
      ->check(CLI::PositiveNumber);
  add_payload(mode, options->payload);
  add_pairs(mode, options->pairs);
  mode.add_option("--seconds", options->seconds, "Measured in each run")->check(CLI::PositiveNumber);
  mode.callback([options, &out] { out.push_back(embed(*options)); });
}

} // namespace cafbus::bench
