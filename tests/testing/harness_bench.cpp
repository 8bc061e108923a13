// How fast the harness is: messages that actors handle per second, and a bus with many consumers. Not a test: its times
// say something about one machine only.
//   build/cafbus_harness_bench [CONSUMERS [EVENTS]]

#include "testing/harness.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <cstdio>
#include <cstdlib>
#include <ctime>

using namespace cafbus::testing;
using namespace std::chrono_literals;

namespace {

struct token {
  uint64_t left = 0;
};

} // namespace

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(token)

namespace {

/// Of processor time, which other programs change less than time.
double seconds_since(std::clock_t x) {
  return static_cast<double>(std::clock() - x) / CLOCKS_PER_SEC;
}

caf::behavior passer(caf::event_based_actor* self, const std::shared_ptr<std::vector<caf::actor>>& ring, size_t place) {
  return {[self, ring, place](token x) {
    if (x.left > 0)
      self->send((*ring)[(place + 1) % ring->size()], token{x.left - 1});
  }};
}

/// Tokens that go round a ring: what a step costs beside CAF's own share.
void measure_ring(size_t size, size_t tokens) {
  harness x{1};
  auto ring = std::make_shared<std::vector<caf::actor>>();
  for (size_t i = 0; i < size; ++i) {
    ring->push_back(x.system().spawn(passer, ring, i));
    x.adopt(ring->back());
  }
  for (size_t i = 0; i < tokens; ++i)
    caf::anon_send((*ring)[i % size], token{1'000'000 / tokens});
  auto begin = std::clock();
  x.settle();
  auto time = seconds_since(begin);
  std::printf("%zu actors, %zu tokens: %.2f M messages/s\n", size, tokens, static_cast<double>(x.steps()) / time / 1e6);
  ring->clear(); // its actors hold it
}

void measure_bus(size_t consumers, uint64_t events, bool has_finish) {
  auto begin = std::clock();
  harness x{1};
  auto bus = x.add_bus("a");
  for (size_t i = 0; i < consumers; ++i)
    x.add_consumer("c" + std::to_string(i), bus, {.types = {"t"}});
  x.run_for(1s);
  auto joined = seconds_since(begin);
  x.add_source("s", bus, {.types = {"t"}, .events = events});
  x.run_for(1min);
  if (has_finish)
    x.finish();
  auto time = seconds_since(begin);
  std::printf("%zu consumers x %zu events%s: %.2f s (%.2f s of it until all have joined), %zu messages, %.2f M/s\n",
              consumers, static_cast<size_t>(events), has_finish ? ", all laws checked" : "", time, joined,
              static_cast<size_t>(x.steps()), static_cast<double>(x.steps()) / time / 1e6);
  for (const auto& what : x.broken())
    std::printf("  %s\n", what.c_str());
}

} // namespace

int main(int argc, char** argv) {
  const size_t consumers = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10'000;
  const uint64_t events = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 10;
  measure_ring(3, 1);
  measure_ring(10, 5);
  measure_ring(1'000, 500);
  measure_bus(3, 100'000, false);
  measure_bus(consumers, events, false);
  measure_bus(consumers, events, true);
}
