// Starts and stops whole buses in one process, again and again: nothing may be left of any of them, and no stop may
// take longer than two seconds, whatever its consumers, hooks and sources do.
//
//   cafbus_bus_cycles [CYCLES] [--io] [--easy]
//
// 10,000 for the full run; --io: with CAF's I/O module, a socket consumer and two doors for links, at the places that
// the bus before has just left; --easy: no hard ones among them.
//
// Each bus has three subscribers: one that lives for ever, one that dies with its bus, and a socket consumer (without
// the I/O module: another actor). Every hundredth bus is a hard one: a subscriber that never gives credit, a source
// that does not stop, and a clean-up command that ignores SIGTERM.
#include "actors/bus.hpp"
#include "config/node_place.hpp"
#include "io/client/blocking_client.hpp"
#include "io/links/add_links.hpp"
#include "io/links/tcp_socket.hpp"
#include "io/sockets/serve.hpp"
#include "io/sockets/unix_socket.hpp"
#include "tests/support/batches.hpp"
#include "tests/support/temp_dir.hpp"

#include <algorithm>
#include <atomic>
#include <caf/actor_system_config.hpp>
#include <caf/io/middleman.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>
#include <cstdio>
#include <filesystem>
#include <malloc.h>
#include <thread>
#include <unistd.h>

namespace {

using namespace cafbus;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

constexpr int warm_up = 10;
constexpr int hard_one_in = 100;
constexpr uint64_t events = 50;

/// Bytes that may differ, whatever the number of cycles: the allocator's and the clock's own.
constexpr size_t heap_slack = 64 * 1024;

/// In a row, at most: for the drain, the source, the hook and its end.
constexpr int waits_in_a_stop = 4;

double in_seconds(clock_type::duration x) {
  return std::chrono::duration<double>(x).count();
}

/// What grows in a process where something is left behind.
struct footprint {
  size_t fds = 0;
  size_t threads = 0;
  size_t actors = 0;
  size_t heap = 0; // bytes in use; 0 where a sanitizer has the heap

  static size_t entries(const char* folder) {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator{folder}, {}));
  }
  static footprint take(caf::actor_system& system) {
    return {entries("/proc/self/fd"), entries("/proc/self/task"), system.registry().running(), ::mallinfo2().uordblks};
  }
};

struct system_config : caf::actor_system_config {
  explicit system_config(bool io) {
    if (io)
      load<caf::io::middleman>();
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", size_t{2});
    set("middleman.workers", size_t{0});
  }
};

struct counter_state {
  std::vector<caf::typed_response_promise<delivered>> withheld;
};

/// Counts what it sees. @param stuck Never gives credit.
subscriber_actor::behavior_type counter(subscriber_actor::stateful_pointer<counter_state> self,
                                        std::shared_ptr<std::atomic<uint64_t>> seen, bool stuck) {
  return {[=](const delivery& x) -> caf::result<delivered> {
    for (const auto& range : x.events)
      *seen += range.size();
    if (!stuck)
      return delivered{};
    self->state.withheld.push_back(self->make_response_promise<delivered>());
    return self->state.withheld.back();
  }};
}

source_actor::behavior_type stubborn_source(source_actor::pointer) {
  return {[](const start_source&) {}, [](const stop_source&) {}};
}

/// How late this machine wakes a thread that waits for nothing but time: where others want the processor, a stop, which
/// waits several times, takes that much longer.
class lateness {
public:
  ~lateness() {
    done_ = true;
    watch_.join();
  }

  clock_type::duration worst() const { return worst_; }

private:
  void watch() {
    constexpr auto pause = 10ms;
    while (!done_) {
      const auto begin = clock_type::now();
      std::this_thread::sleep_for(pause);
      worst_ = std::max<clock_type::duration>(worst_, clock_type::now() - begin - pause);
    }
  }

  std::atomic<bool> done_{false};
  std::atomic<clock_type::duration> worst_{clock_type::duration{}};
  std::thread watch_{[this] { watch(); }};
};

class cycles {
public:
  cycles(bool io, bool easy) : io_{io}, easy_{easy}, config_{io}, system_{config_} {
    for_ever_ = system_.spawn(counter, seen_, false);
    if (io_)
      doors_ = {"unix:" + folder_ / "link.sock", own_address() + ":4711"};
  }

  ~cycles() { caf::anon_send_exit(for_ever_, caf::exit_reason::user_shutdown); }

  int run(int count) {
    for (int i = 0; i < warm_up && good_; ++i)
      cycle(i == warm_up / 2);
    auto before = settled(nullptr);
    for (int i = 0; i < count && good_; ++i)
      cycle(!easy_ && i % hard_one_in == hard_one_in / 2);
    auto after = settled(&before);
    std::printf(
        "%d cycles %s I/O module: slowest stop %.3f s, lateness %.3f s; before/after: fds %zu/%zu, threads %zu/%zu,"
        " actors %zu/%zu, heap %zu/%zu KiB\n",
        count, io_ ? "with" : "without", in_seconds(slowest_), in_seconds(lateness_.worst()), before.fds, after.fds,
        before.threads, after.threads, before.actors, after.actors, before.heap / 1024, after.heap / 1024);
    check(slowest_ < 2s + waits_in_a_stop * lateness_.worst(), "a stop took two seconds or more");
    check(after.fds <= before.fds, "descriptors are left");
    check(after.threads <= before.threads, "threads are left");
    check(after.actors <= before.actors, "actors are left");
    check(after.heap <= before.heap + heap_slack, "memory is left");
    return good_ ? 0 : 1;
  }

private:
  void check(bool holds, const char* what) {
    if (!holds)
      std::printf("FAILED: %s\n", what);
    good_ &= holds;
  }

  template <class T>
  void check_done(const result<T>& x) {
    if (!x)
      check(false, x.error().text.c_str());
  }

  template <class Answer, class Handle, class Question>
  Answer ask(caf::scoped_actor& self, const Handle& whom, Question question) {
    Answer result;
    self->request(whom, caf::infinite, std::move(question)) // a time limit would keep `self` until it is over
        .receive([&](Answer& x) { result = std::move(x); }, [&](const caf::error&) { check(false, "no answer"); });
    return result;
  }

  void cycle(bool hard) {
    bus_options options;
    options.idle_timeout = 0s;
    options.hook_timeout = 3s; // its timer keeps the coordinator of a hard one until then
    options.socket = io_ ? folder_ / "bus.sock" : "";
    auto parts = spawn_bus(system_, options);
    caf::scoped_actor self{system_};
    *seen_ = 0;
    auto mortal = system_.spawn(counter, seen_, hard);
    caf::actor third;
    std::optional<blocking_consumer> remote;
    auto add = [&](const subscriber_actor& x, const char* id, hook_commands hooks = {}) {
      check(ask<joined>(self, parts.bus, join{x, {0, "t", id, {}}, std::move(hooks)}).admitted, "not admitted");
    };
    add(for_ever_, "for-ever");
    add(mortal, "mortal", hard ? hook_commands{"", "trap '' TERM; while :; do sleep 0.05; done"} : hook_commands{});
    subscriber_actor local;
    if (io_) {
      check_done(serve(system_, parts, options));
      for (const auto& x : doors_)
        check_done(add_links(system_, parts, options, {.terms = {.listen = x, .insecure = true}}));
      auto opened = blocking_consumer::open(options.socket, {"t"}, 5s);
      if (opened)
        remote.emplace(std::move(*opened));
      check(remote.has_value(), "cannot consume");
    } else {
      local = system_.spawn(counter, seen_, false);
      add(local, "local");
    }
    source_actor source;
    if (hard) {
      source = system_.spawn(stubborn_source);
      caf::anon_send(parts.bus, attach_source{"stubborn", source});
    }
    ask<published>(self, parts.hub, publish{numbered_batch(events)});
    auto begin = clock_type::now();
    auto end = stop(system_, parts.bus);
    slowest_ = std::max(slowest_, clock_type::now() - begin);
    check(end.ended && !end.failed, "the bus did not end well");
    for (const auto& x : doors_)
      check(!listening_at(*parse_node_place(x)), "a door is there after its bus");
    if (!hard)
      check(*seen_ == events * (io_ ? 2 : 3), "what was queued was not handed out");
    for (uint64_t i = 0; remote && i < events; ++i)
      check(static_cast<bool>(remote->next(5s)), "the socket consumer has missed something");
    caf::anon_send_exit(mortal, caf::exit_reason::user_shutdown);
    if (local)
      caf::anon_send_exit(local, caf::exit_reason::user_shutdown);
  }

  /// The footprint when nothing more goes away: actors and links end a moment after their bus, and timers that are
  /// pending keep their actors for as long as a stop may take. @param wanted Null: that of the beginning.
  footprint settled(const footprint* wanted) {
    auto until = clock_type::now() + (wanted ? 10s : 3s);
    for (;;) {
      ::malloc_trim(0);
      auto now = footprint::take(system_);
      auto small = wanted && now.fds <= wanted->fds && now.threads <= wanted->threads && now.actors <= wanted->actors &&
                   now.heap <= wanted->heap + heap_slack;
      if (small || clock_type::now() > until)
        return now;
      std::this_thread::sleep_for(10ms);
    }
  }

  /// Of the loopback interface; no other program has it.
  static std::string own_address() {
    const auto pid = static_cast<unsigned>(::getpid());
    return "127." + std::to_string(1 + (pid >> 16) % 254) + '.' + std::to_string((pid >> 8) % 256) + '.' +
           std::to_string(pid % 256);
  }

  static result<unique_fd> listening_at(const node_place& x) {
    static const std::atomic<bool> abandoned = false;
    return x.is_unix() ? connect_unix(x.path, 5s) : connect_tcp(x.where, 5s, abandoned);
  }

  bool io_;
  bool easy_;
  std::vector<std::string> doors_;
  test::temp_dir folder_;
  system_config config_;
  caf::actor_system system_;
  std::shared_ptr<std::atomic<uint64_t>> seen_ = std::make_shared<std::atomic<uint64_t>>(0);
  subscriber_actor for_ever_;
  clock_type::duration slowest_{0};
  lateness lateness_;
  bool good_ = true;
};

} // namespace

int main(int argc, char** argv) {
  std::vector<std::string_view> arguments{argv + 1, argv + argc};
  auto io = std::erase(arguments, "--io") > 0;
  auto easy = std::erase(arguments, "--easy") > 0;
  auto count = arguments.empty() ? 300 : std::stoi(std::string{arguments[0]});
  return cycles{io, easy}.run(count);
}
