// A bus that is fed by a command, as `cafbus serve --source` would be, and tells its log line by line: the subscriber
// reads all that there is to an event, the program counts what the log says.
#include <cafbus/cafbus.hpp>

#include <caf/all.hpp>
#include <iostream>

namespace {

using namespace std::chrono_literals;

constexpr auto command = R"(exec:every=1h:printf '{"event_type":"tick","event_id":"%s","payload":{"n":%s}}\n' a 1 b 2)";

/// Prints events, and ends with the second.
cafbus::subscriber_actor::behavior_type printer(cafbus::subscriber_actor::pointer self) {
  return {[self](const cafbus::delivery& x) {
    for (const auto& status : x.statuses)
      std::cout << status.source << " is " << to_string(status.state) << '\n';
    for (auto event : events_of(x)) {
      std::cout << event.seq() << ' ' << event.type() << ' ' << event.id() << " of " << event.observed_at() << ": "
                << event.payload() << '\n';
      if (event.id() == "b")
        self->quit(caf::exit_reason::user_shutdown);
    }
    return cafbus::delivered{};
  }};
}

} // namespace

int main() {
  size_t lines = 0;   // of the log's thread, until the callback has ended
  bool named = false; // the same
  auto on_line = [&](const cafbus::log::entry& x) {
    ++lines;
    for (const auto& [key, value] : x.fields)
      named = named || (x.event == "subscriber-joined" && key == "key" && value == "tick");
  };
  if (auto logging = cafbus::log::to_callback(on_line); !logging) {
    std::cerr << logging.error().text << '\n';
    return 1;
  }
  caf::actor_system_config config;
  config.set("scheduler.policy", caf::atom("sharing")); // CAF's default polls when it is idle
  caf::actor_system system{config};
  const cafbus::bus_options options{{.idle_timeout = 0s}};
  cafbus::bus_handle bus{system, options};
  if (auto added = cafbus::add_sources(system, bus.parts(), options, {command}, {.wait = true}); !added) {
    std::cerr << added.error().text << '\n';
    return 1;
  }
  caf::scoped_actor self{system};
  auto subscriber = self->spawn<caf::monitored>(printer);
  self->send(*bus, cafbus::join{subscriber, {.event_key = "tick"}});
  bool done = false;
  self->receive_while([&] { return !done; })([](const cafbus::joined&) {}, [&](const caf::down_msg&) { done = true; });
  auto end = bus.stop();
  cafbus::log::end_callback();
  std::cout << lines << " lines in the log\n";
  return end.ended && named ? 0 : 1;
}
