// Programs of somebody else: one has the bus, two others subscribe to it over CAF's network. One of these is killed.
#include <cafbus/cafbus.hpp>
#include <cafbus/io/remote/remote_bus.hpp>

#include <array>
#include <caf/all.hpp>
#include <caf/io/middleman.hpp>
#include <cstdint>
#include <iostream>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace std::chrono_literals;

namespace {

const cafbus::bus_options options{{.idle_timeout = 0s}};

int fail(const std::string& why) {
  std::cerr << why << '\n';
  return 1;
}

struct config : caf::actor_system_config {
  config() {
    load<caf::io::middleman>();
    cafbus::add_remote_types(*this);
  }
};

/// A process with a subscriber; it is told the port, and tells how many events it has accounted for.
struct child {
  pid_t pid = -1;
  int to = -1;
  int from = -1;
};

/// Tells each time how many events have come or are told as lost, and ends with the one whose payload is "last".
cafbus::subscriber_actor::behavior_type counter(cafbus::subscriber_actor::pointer self, int to) {
  return {[self, to, last = uint64_t{0}, seen = uint64_t{0}](const cafbus::delivery& x) mutable {
    for (auto event : events_of(x)) {
      last = event.seq();
      ++seen;
      if (event.payload() == R"("last")")
        self->quit(caf::exit_reason::user_shutdown);
    }
    const std::array<uint64_t, 2> counts{last, seen};
    if (x.events.empty())
      return cafbus::delivered{}; // it tells of the source
    if (::write(to, counts.data(), sizeof counts) != sizeof counts)
      self->quit(caf::exit_reason::user_shutdown);
    return cafbus::delivered{};
  }};
}

int subscribe(int from, int to) {
  uint16_t port = 0;
  if (::read(from, &port, sizeof port) != sizeof port)
    return 1;
  config how;
  caf::actor_system system{how};
  cafbus::bus_handle near{system, options};
  if (auto added = cafbus::add_remote_bus(system, near.parts(), options, {.host = "localhost", .port = port}); !added)
    return fail(added.error().text);
  caf::scoped_actor self{system};
  auto subscriber = self->spawn<caf::monitored>(counter, to);
  self->send(*near, cafbus::join{subscriber, {.event_key = "t"}});
  auto ended = false;
  self->receive_while([&] { return !ended; })([](const cafbus::joined&) {},
                                              [&](const caf::down_msg&) { ended = true; });
  return near.stop().ended ? 0 : 1;
}

child fork_child() {
  std::array<int, 2> down{};
  std::array<int, 2> up{};
  if (::pipe(down.data()) != 0 || ::pipe(up.data()) != 0)
    return {};
  const auto pid = ::fork();
  if (pid == 0)
    ::_exit(subscribe(down[0], up[1]));
  ::close(down[0]);
  ::close(up[1]);
  return {pid, down[1], up[0]};
}

/// What the child tells next: the last number and how many events it has seen.
std::array<uint64_t, 2> counts_of(const child& x) {
  std::array<uint64_t, 2> result{};
  return ::read(x.from, result.data(), sizeof result) == sizeof result ? result : std::array<uint64_t, 2>{};
}

struct publisher {
  explicit publisher(caf::actor_system& system, const cafbus::bus_parts& to) : self{system}, parts{to} {}

  bool publish(const std::string& payload) {
    cafbus::event_encoder encoder;
    encoder.add({.event_type = "t", .payload = payload});
    bool result = false;
    self->request(parts.hub, 10s, cafbus::publish{encoder.finish()})
        .receive([&](const cafbus::published& x) { result = x.unmatched == 0; }, [](const caf::error&) {});
    return result;
  }

  bool publish_until_wanted() {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < until)
      if (publish("0"))
        return true;
    return false;
  }

  /// Whether there come to be so many links in that state.
  bool wait_for(cafbus::source_state state, size_t wanted) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    for (size_t found = wanted + 1; std::chrono::steady_clock::now() < until;) {
      self->request(parts.bus, 10s, cafbus::read_status{})
          .receive(
              [&](const cafbus::status_response& x) {
                found = 0;
                for (const auto& link : x.links)
                  found += link.state == state ? 1 : 0;
              },
              [](const caf::error&) {});
      if (found == wanted)
        return true;
    }
    return false;
  }

  caf::scoped_actor self;
  cafbus::bus_parts parts;
};

int serve(const child& first, const child& second) {
  config how;
  caf::actor_system system{how};
  cafbus::bus_handle bus{system, options};
  auto port = cafbus::publish_remote_gate(system, bus.parts(), options);
  if (!port)
    return fail(port.error().text);
  auto tell = [&](const child& x) { return ::write(x.to, &*port, sizeof *port) == sizeof *port; };
  publisher self{system, bus.parts()};
  if (!tell(first) || !self.publish_until_wanted() || counts_of(first)[0] == 0)
    return fail("the first subscriber gets nothing");
  ::kill(first.pid, SIGKILL);
  if (!self.wait_for(cafbus::source_state::reconnecting, 1))
    return fail("the end of a process is not noticed");
  if (!tell(second) || !self.wait_for(cafbus::source_state::connected, 1))
    return fail("the second subscriber is not served");
  std::array<uint64_t, 2> counts{};
  pollfd told{second.from, POLLIN, 0};
  while (::poll(&told, 1, 0) == 0) // the first, which may come again, wants each of them, too
    self.publish("0");
  counts = counts_of(second);
  for (int i = 0; i < 1'000; ++i)
    self.publish("1");
  self.publish(R"("last")");
  const auto before = counts;
  for (auto next = counts; next[0] != 0; next = counts_of(second))
    counts = next;
  int status = 1;
  ::waitpid(second.pid, &status, 0);
  if (status != 0 || counts[0] < before[0] + 1'001 || counts[0] - counts[1] != before[0] - before[1])
    return fail("the second subscriber has counted " + std::to_string(counts[1]) + " of " + std::to_string(counts[0]));
  return bus.stop().ended ? 0 : fail("the bus did not end"); // it waits for nobody who is gone
}

} // namespace

int main() {
  const auto first = fork_child(); // before there is a thread
  const auto second = fork_child();
  if (first.pid < 0 || second.pid < 0)
    return fail("there is no child");
  const auto result = serve(first, second);
  for (const auto& x : {first, second})
    ::kill(x.pid, SIGKILL);
  while (::wait(nullptr) > 0) {
  }
  return result;
}
