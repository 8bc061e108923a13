// A program of somebody else: two buses that are linked over a Unix socket, and what becomes of links that cannot be.
#include <cafbus/cafbus.hpp>
#include <cafbus/io/links/add_links.hpp>

#include <caf/all.hpp>
#include <caf/io/middleman.hpp>
#include <cstdlib>
#include <iostream>
#include <unistd.h>

using namespace std::chrono_literals;

namespace {

int fail(const std::string& why) {
  std::cerr << why << '\n';
  return 1;
}

/// Ends with its first event, whose payload it leaves in `to`.
cafbus::subscriber_actor::behavior_type reader(cafbus::subscriber_actor::pointer self, std::string* to) {
  return {[self, to](const cafbus::delivery& x) {
    for (auto event : events_of(x)) {
      *to = event.payload();
      self->quit(caf::exit_reason::user_shutdown);
    }
    return cafbus::delivered{};
  }};
}

/// What is published at one bus comes to a subscriber of the other.
std::string send_across(caf::actor_system& system, const cafbus::bus_parts& from, const cafbus::bus_parts& to) {
  caf::scoped_actor self{system};
  std::string result;
  auto subscriber = self->spawn<caf::monitored>(reader, &result);
  self->send(to.bus, cafbus::join{subscriber, {.event_key = "t"}});
  cafbus::event_encoder encoder;
  for (auto done = false; !done;) { // until the other bus wants it
    encoder.add_text(R"({"event_type":"t","payload":1.10})");
    self->request(from.hub, 10s, cafbus::publish{encoder.finish()})
        .receive([&](const cafbus::published& x) { done = x.unmatched == 0; }, [&](const caf::error&) { done = true; });
  }
  auto ended = false;
  self->receive_while([&] { return !ended; })([](const cafbus::joined&) {}, [&](const caf::down_msg&) { ended = true; },
                                              caf::after(10s) >> [&] { ended = true; });
  self->send_exit(subscriber, caf::exit_reason::user_shutdown);
  return result;
}

} // namespace

int main() {
  char folder[] = "/tmp/cafbus-linked-XXXXXX";
  if (!::mkdtemp(folder))
    return fail("no folder");
  const auto place = "unix:" + std::string{folder} + "/link.sock";
  const cafbus::bus_options options{{.idle_timeout = 0s}};
  std::string got;
  {
    caf::actor_system_config config;
    config.load<caf::io::middleman>();
    caf::actor_system system{config};
    cafbus::bus_handle upper{system, options};
    cafbus::bus_handle lower{system, options};
    auto door = cafbus::add_links(system, upper.parts(), options, {.terms = {.listen = place}});
    if (!door)
      return fail(door.error().text);
    auto link = cafbus::add_links(system, lower.parts(), options, {.from = {place}});
    if (!link)
      return fail(link.error().text);
    got = send_across(system, upper.parts(), lower.parts());
    if (cafbus::add_links(system, lower.parts(), options, {.from = {"127.0.0.1:1"}}))
      return fail("a link over TCP without TLS");
    cafbus::node_options terms{.certificate = "/nonexistent", .key = "/nonexistent", .ca = "/nonexistent"};
    const auto answer = door->reload(terms);
    if (answer)
      return fail("a certificate that is not there");
#ifdef LINKED_WITH_TLS
    const std::string_view why = "/nonexistent";
#else
    const std::string_view why = "cafbus::links_tls";
#endif
    if (answer.error().text.find(why) == std::string::npos)
      return fail(answer.error().text);
    lower.stop();
    upper.stop();
    if (::rmdir(folder) != 0)
      return fail("the socket is there after its bus");
    if (cafbus::add_links(system, upper.parts(), options, {.terms = {.listen = place}}).error().text !=
        "the bus has ended")
      return fail("links of a bus that has ended");
  }
  caf::actor_system_config config;
  caf::actor_system without_sockets{config};
  cafbus::bus_handle bus{without_sockets, options};
  if (cafbus::add_links(without_sockets, bus.parts(), options, {}))
    return fail("links without CAF's I/O module");
  return got == "1.10" ? 0 : fail("not what was expected: " + got);
}
