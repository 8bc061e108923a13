#include "io/daemon/wake_ups.hpp"

#include "tests/support/temp_dir.hpp"

#include <array>
#include <chrono>
#include <string>
#include <thread>

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

/// What a daemon does, a letter each, until it has done `count` things: l for a look, s when it has settled.
std::string course_of(size_t count, std::array<std::chrono::nanoseconds, 2> settle_delays) {
  std::string seen;
  std::thread{[&] { // signals are blocked for its thread alone
    test::temp_dir dir;
    folder_watch watch{dir.path()};
    wake_ups wakes;
    wake_ups::chores todo;
    todo.look = [&] { seen += 'l'; };
    todo.on_beat = [&] {
      if (seen.size() >= count)
        wakes.bus_ended();
    };
    todo.beat = 1ms; // there is a look when a beat is due
    todo.on_settled = [&] { seen += 's'; };
    todo.settle_delays = settle_delays;
    wakes.wait(watch, todo);
  }}
      .join();
  return seen.substr(0, count);
}

} // namespace

CAF_TEST(a daemon is told that it has settled twice each after a look) {
  CAF_CHECK_EQUAL(course_of(7, {0ms, 1ns}), "lslslll");
}

CAF_TEST(a daemon that has not run for long has not settled) {
  CAF_CHECK_EQUAL(course_of(6, {0ms, 1h}), "lsllll");
}
