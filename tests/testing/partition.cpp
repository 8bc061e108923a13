#include "testing/partition.hpp"

namespace cafbus::testing {

namespace {

using namespace std::chrono_literals;

constexpr size_t rounds = 12;

} // namespace

void partition_scenario::build() {
  bus_options options;
  options.queue_capacity = static_cast<uint32_t>(4 + x.draw(60));
  options.link_grace = std::chrono::milliseconds{x.draw(2) == 0 ? 0 : 10 + x.draw(4'000)};
  a = x.add_bus("a", options);
  b = x.add_bus("b", options);
  c = x.add_bus("c", options);
  for (auto [from, to] : {std::pair{a, b}, {b, c}, {a, c}, {c, a}}) {
    auto link = x.add_link(from, to);
    links = link + 1;
    if (x.draw(2) == 0)
      x.delay(link, 0ms, std::chrono::milliseconds{1 + x.draw(20)});
  }
  x.add_consumer("fast.a", a, {.types = {"x", "y", "z"}});
  x.add_consumer("slow.a", a, {.types = {"x", "y", "z"}, .longest_pace = 100ms});
  x.add_consumer("fast.b", b, {.types = {"x", "y"}});
  x.add_consumer("stuck.b", b, {.types = {"x"}, .sticks_after = 1 + x.draw(50)});
  x.add_consumer("fast.c", c, {.types = {"x", "z"}, .subscription_id = "shared"});
  x.add_consumer("mortal.c", c, {.types = {"y", "z"}, .subscription_id = "shared", .dies_after = 1 + x.draw(100)});
  consumers = 6;
}

void inject_link_fault(harness& x, uint64_t kind, size_t link) {
  switch (kind) {
  case 0:
  case 1:
    return x.cut(link, std::chrono::milliseconds{x.draw(3000)});
  case 2:
  case 3:
    return x.heal(link);
  case 4:
    return x.delay(link, 0ms, std::chrono::milliseconds{x.draw(200)});
  default:
    return x.kill_export(link);
  }
}

void partition_scenario::one_fault() {
  static const char* const actors[] = {"hub", "conn", "bus", "node-export", "node-import", "node-gate", "wire-end"};
  auto link = x.draw(links);
  auto consumer = x.draw(consumers);
  auto kind = x.draw(link_faults + 6);
  if (kind < link_faults)
    return inject_link_fault(x, kind, link);
  switch (kind - link_faults) {
  case 0:
    return x.stick(consumer);
  case 1:
    return x.release(consumer);
  case 2:
    if (x.draw(4) == 0)
      x.kill_consumer(consumer);
    return;
  case 3:
    if (x.draw(4) == 0)
      x.kill_source(x.draw(sources));
    return;
  case 4:
    if (!bus_stopped && x.draw(12) == 0) {
      bus_stopped = true;
      x.stop_bus(x.draw(3));
    }
    return;
  default:
    return x.hold(actors[x.draw(std::size(actors))], std::chrono::milliseconds{x.draw(100)});
  }
}

void partition_scenario::heard() {
  x.run_for(1s);
  x.expect_exact_losses();
}

void partition_scenario::run(const std::function<void(partition_scenario&)>& plant) {
  x.expect_exact_losses(); // nobody is in yet
  build();
  if (plant)
    plant(*this);
  if (x.draw(2) == 0)
    heard(); // else events and links race
  else
    x.settle();
  for (auto bus : {a, a, b, c})
    sources = 1 + x.add_source("source" + std::to_string(sources), bus,
                               {.types = {"x", "y", "z"},
                                .events = 20 + x.draw(40),
                                .longest_pause = 100ms,
                                .attached = bus == b && x.draw(8) == 0});
  for (size_t i = 0; i < rounds; ++i) {
    one_fault();
    x.run_for(std::chrono::milliseconds{x.draw(300)});
    if (i % 4 == 3)
      x.check_counters();
  }
  if (x.draw(3) == 0)
    consumers = 1 + x.add_consumer("late.b", b, {.types = {"z"}});
  x.run_for(1s);
  x.finish();
}

} // namespace cafbus::testing
