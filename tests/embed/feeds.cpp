// A program of somebody else: a bus that a file feeds, a subscriber that reads events without their batches and leaves
// one unanswered, and the log by a callback. Under CAF's test scheduler, a stop that does not block.
#include <cafbus/cafbus.hpp>

#include <caf/all.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <unistd.h>

using namespace std::chrono_literals;

namespace {

int fail(const std::string& why) {
  std::cerr << why << '\n';
  return 1;
}

/// What a subscriber has seen; main reads it when the system has ended.
struct notes {
  std::string seen = {};
  std::optional<cafbus::close_reason> closed = {};
};

/// Takes what its sources are doing, and no event, as one that forgets to answer.
caf::behavior stuck(caf::event_based_actor* self, notes* to) {
  return {[self, to](const cafbus::delivery& x) -> caf::result<cafbus::delivered> {
    for (auto event : events_of(x))
      to->seen += event.type() + ' ' + event.id() + ' ' + std::string{event.payload()};
    to->closed = x.closed;
    if (x.closed)
      self->quit(caf::exit_reason::user_shutdown);
    if (to->seen.empty())
      return cafbus::delivered{};
    return self->make_response_promise<cafbus::delivered>(); // nobody keeps it
  }};
}

bool stops_by_hand() {
  caf::actor_system_config config;
  config.set("scheduler.policy", caf::atom("testing"));
  caf::actor_system system{config};
  cafbus::bus_handle bus{system, {{.idle_timeout = 0s}}};
  return bus.stop().ended;
}

} // namespace

int main() {
  char path[] = "/tmp/cafbus-feeds-XXXXXX";
  if (const auto fd = ::mkstemp(path); fd < 0 || ::close(fd) != 0)
    return fail("no file");
  std::ofstream{path} << R"({"event_type":"t","event_id":"\"1\"","payload":1.10})" << '\n';
  bool stalled = false; // of the log's thread until the callback has ended
  auto on_line = [&](const cafbus::log::entry& x) { stalled = stalled || x.event == "subscriber-stalled"; };
  if (!cafbus::log::to_callback(on_line, cafbus::log::severity::warn))
    return fail("no log");
  notes got;
  {
    caf::actor_system_config config;
    caf::actor_system system{config};
    const cafbus::bus_options options{{.idle_timeout = 0s}};
    cafbus::bus_handle bus{system, options};
    auto added = cafbus::add_sources(system, bus.parts(), options, {"file:" + std::string{path}}, {.wait = true});
    if (!added)
      return fail(added.error().text);
    caf::scoped_actor self{system};
    auto subscriber = self->spawn(stuck, &got);
    caf::anon_send(
        *bus,
        cafbus::join{.subscriber = cafbus::as_subscriber(subscriber), .info = {.event_key = "t"}, .stall_limit = 1s});
    self->wait_for(subscriber); // it ends when it is told that it is no consumer any longer
  }
  cafbus::log::end_callback();
  std::remove(path);
  if (got.seen != "t \"1\" 1.10" || got.closed != cafbus::close_reason::stalled || !stalled)
    return fail("not what was expected: " + got.seen);
  return stops_by_hand() ? 0 : fail("a stop by hand did not end");
}
