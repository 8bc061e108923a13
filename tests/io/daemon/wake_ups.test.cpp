#include "io/daemon/wake_ups.hpp"

#include "tests/support/temp_dir.hpp"

#include <chrono>
#include <string>

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

CAF_TEST(a daemon is told that it has settled twice each after a look) {
  test::temp_dir dir;
  folder_watch watch{dir.path()};
  wake_ups wakes;
  std::string seen;
  wake_ups::chores todo;
  todo.look = [&] { seen += 'l'; };
  todo.on_beat = [&] {
    if (seen.size() > 6) // as many looks after the last time as there are for both
      wakes.bus_ended();
  };
  todo.beat = 1ms; // there is a look when a beat is due
  todo.on_settled = [&] { seen += 's'; };
  todo.settle_delays = {0ms, 1ns};
  CAF_CHECK_EQUAL(wakes.wait(watch, todo), 0);
  CAF_CHECK_EQUAL(seen.substr(0, 6), "lslsll");
}

CAF_TEST(a daemon that has not run for long has not settled) {
  test::temp_dir dir;
  folder_watch watch{dir.path()};
  wake_ups wakes;
  std::string seen;
  wake_ups::chores todo;
  todo.look = [&] { seen += 'l'; };
  todo.on_beat = [&] {
    if (seen.size() > 2)
      wakes.bus_ended();
  };
  todo.beat = 1ms;
  todo.on_settled = [&] { seen += 's'; };
  todo.settle_delays = {0ms, 1h};
  CAF_CHECK_EQUAL(wakes.wait(watch, todo), 0);
  CAF_CHECK_EQUAL(seen.substr(0, 3), "lsl");
}
