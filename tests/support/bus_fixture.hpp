#pragma once
#include "actors/bus.hpp"
#include "support/batches.hpp"
#include "support/fixtures.hpp"
#include "support/recording_subscriber.hpp"

#include <caf/send.hpp>
#include <caf/test/dsl.hpp>

namespace cafbus {

using namespace std::chrono_literals;

inline source_actor::behavior_type scripted_source(source_actor::pointer self, bool* started, bool obedient) {
  return {[=](const start_source&) { *started = true; },
          [=](const stop_source&) {
            if (obedient)
              self->quit(caf::exit_reason::user_shutdown);
          }};
}

inline listener_actor::behavior_type scripted_listener(listener_actor::pointer self, bool* idle, std::string* said,
                                                       bool obedient) {
  return {[=](const stop_if_idle&) { return idle_verdict{*idle}; },
          [=](const close_listener& x) -> caf::result<listener_closed> {
            *said = x.reason;
            if (obedient)
              return listener_closed{};
            return self->make_response_promise<listener_closed>();
          },
          [](const read_load&) { return bus_load{.connections = 7, .half_open = 3, .refused = 2, .paused = true}; },
          [](const reconfigure&) { return reconfigured{}; }};
}

inline bus_options short_idle() {
  bus_options result;
  result.idle_timeout = 30s;
  result.drain_timeout = 2s;
  return result;
}

/// A bus without sockets, and what tests attach to it.
struct bus_fixture : test_coordinator_fixture<> {
  bus_parts parts = spawn_bus(sys, short_idle());
  std::string end_reason;
  bool end_failed = false;
  std::vector<recording_actor> subscribers;
  bool source_started = false;
  bool listener_idle = true;
  std::string listener_said;

  bus_fixture() {
    caf::actor_cast<caf::abstract_actor*>(parts.bus)->attach_functor([this](const caf::error& x) {
      if (x.context().match_elements<std::string>())
        end_reason = x.context().get_as<std::string>(0);
      end_failed = x != caf::exit_reason::user_shutdown;
    });
    sched.run();
  }

  ~bus_fixture() override {
    for (auto& x : subscribers)
      caf::anon_send_exit(x, caf::exit_reason::kill);
    if (alive(parts.bus))
      stop("test ends");
    pass(5s);
    CAF_CHECK(!alive(parts.bus));
    CAF_CHECK(!alive(parts.hub));
    CAF_CHECK(!alive(parts.lock));
  }

  void pass(caf::timespan time) {
    sched.run();
    advance_time(time);
    sched.run();
  }

  /// In small steps, so that each timer is followed by what comes of it at its time.
  void pass_steadily(caf::timespan time) {
    for (caf::timespan step = 10ms; time.count() > 0; time -= step)
      pass(step);
  }

  template <class Answer, class Question>
  Answer ask(Question question) {
    Answer result;
    auto request = self->request(parts.bus, caf::infinite, std::move(question));
    sched.run();
    request.receive([&](Answer& x) { result = std::move(x); },
                    [&](const caf::error& e) { CAF_FAIL("no answer: " << sys.render(e)); });
    return result;
  }

  joined add(std::shared_ptr<recording> seen, const std::string& key, std::vector<std::string> types = {}) {
    subscribers.push_back(sys.spawn(recording_subscriber, seen));
    return ask<joined>(join{subscribers.back(), {1, key, "", std::move(types)}});
  }

  void publish_events(size_t n, const std::string& type) {
    caf::anon_send(parts.hub, publish{numbered_batch(n, 0, type), 0});
    sched.run();
  }

  stop_verdict stop(const std::string& reason, bool force = true) { return ask<stop_verdict>(stop_bus{reason, force}); }

  /// A stop of two seconds for everything.
  void stop_bounded() {
    caf::anon_send(parts.bus, stop_within("now", 2s));
    sched.run();
  }

  source_actor attach_a_source(bool obedient = true) {
    auto result = sys.spawn(scripted_source, &source_started, obedient);
    caf::anon_send(parts.bus, attach_source{"feed", result});
    sched.run();
    return result;
  }

  void attach_a_listener(bool obedient = true) {
    caf::anon_send(parts.bus, attach_listener{sys.spawn(scripted_listener, &listener_idle, &listener_said, obedient)});
    sched.run();
  }
};

} // namespace cafbus
