#include "actors/backoff.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

CAF_TEST(pauses double up to the longest and differ by a fifth at most) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    backoff testee{500ms, 30s, seed};
    for (auto expected : {500ms, 1000ms, 2000ms, 4000ms, 8000ms, 16'000ms, 30'000ms, 30'000ms}) {
      auto pause = testee.next();
      CAF_CHECK(pause >= expected * 8 / 10);
      CAF_CHECK(pause <= expected * 12 / 10);
    }
  }
}

CAF_TEST(pauses are the same for one seed and differ between seeds) {
  auto pauses = [](uint64_t seed) {
    backoff testee{500ms, 30s, seed};
    std::vector<std::chrono::milliseconds> result;
    for (int i = 0; i < 8; ++i)
      result.push_back(testee.next());
    return result;
  };
  CAF_CHECK(pauses(7) == pauses(7));
  CAF_CHECK(pauses(7) != pauses(8));
}

CAF_TEST(after a success the first pause comes again) {
  backoff testee{500ms, 30s, 1};
  testee.next();
  testee.next();
  testee.reset();
  CAF_CHECK(testee.next() <= 600ms);
}
