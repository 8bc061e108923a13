// Two CAF programs, as two actor systems of this process: real middlemen, over TCP on the loopback address. What takes
// time is waited for, as an event or a state that a subscriber is told.

#include "io/remote/remote_bus.hpp"

#include "support/batches.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/io/middleman.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/test/unit_test.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <condition_variable>
#include <mutex>
#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

constexpr auto patience = 30s;

/// What a subscriber has got.
class notes {
public:
  void take(const delivery& x) {
    std::lock_guard guard{mutex_};
    for (const auto& y : x.statuses)
      state_ = y.state;
    for (const auto& range : x.events) {
      missed_ += range.seq - last_ - 1;
      last_ = range.seq + range.size() - 1;
      seen_ += range.size();
      for (auto i = range.first; i < range.last; ++i)
        latest_ = range.batch->type(i) + ' ' + std::string{range.batch->payload(i)};
      hops_ = range.origin(range.first).hops;
    }
    changed_.notify_all();
  }

  void end() {
    std::lock_guard guard{mutex_};
    ended_ = true;
    changed_.notify_all();
  }

  uint64_t seen() const { return seen_; }
  uint64_t missed() const { return missed_; }
  uint64_t accounted() const { return seen_ + missed_; }
  source_state state() const { return state_; }
  std::string latest() const { return latest_; }
  uint32_t hops() const { return hops_; }
  bool ended() const { return ended_; }

  /// @returns whether it has become so. The others may be asked only inside of `holds`, or when nothing comes any more.
  template <class F>
  bool wait(F holds) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, patience, holds);
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t seen_ = 0;
  uint64_t missed_ = 0;
  uint64_t last_ = 0;
  source_state state_ = source_state::connecting;
  std::string latest_;
  uint32_t hops_ = 0;
  bool ended_ = false;
};

subscriber_actor::behavior_type note_taker(subscriber_actor::pointer self, std::shared_ptr<notes> to) {
  self->attach_functor([to] { to->end(); });
  return {[to](const delivery& x) {
    to->take(x);
    return delivered{};
  }};
}

struct program_config : caf::actor_system_config {
  explicit program_config(bool knows_types = true) {
    load<caf::io::middleman>();
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", 2);
    if (knows_types)
      add_remote_types(*this);
  }
};

bus_options never_idle() {
  bus_options result;
  result.idle_timeout = 0s;
  return result;
}

/// A CAF program with a bus.
struct program {
  explicit program(const bus_options& how = never_idle()) : options{how} {}

  uint16_t open(uint16_t port = 0, const link_rights& rights = {}) {
    auto result = publish_remote_gate(system, bus.parts(), options, {.port = port, .rights = rights});
    if (!result)
      CAF_FAIL(result.error().text);
    return *result;
  }

  void subscribe_to(uint16_t port) {
    CAF_REQUIRE(add_remote_bus(system, bus.parts(), options, {.host = "127.0.0.1", .port = port}));
  }

  std::shared_ptr<notes> join_as(const consumer_info& info) {
    auto result = std::make_shared<notes>();
    subscribers.push_back(system.spawn(note_taker, result));
    joined answer;
    self->request(*bus, patience, join{subscribers.back(), info})
        .receive([&](joined& x) { answer = std::move(x); }, [&](const caf::error& e) { answer.reason = to_string(e); });
    CAF_REQUIRE_EQUAL(answer.reason, "");
    return result;
  }

  /// @returns whether somebody wanted all of it.
  bool publish(const event_batch_ptr& x) {
    bool result = false;
    self->request(bus.parts().hub, patience, cafbus::publish{x})
        .receive([&](const published& y) { result = y.unmatched == 0; }, [&](const caf::error&) {});
    return result;
  }

  /// Publishes single events of that type until one is wanted. @returns how many.
  uint64_t publish_until_wanted(const std::string& type = "t") {
    const auto until = std::chrono::steady_clock::now() + patience;
    for (uint64_t n = 1; std::chrono::steady_clock::now() < until; ++n)
      if (publish(numbered_batch(1, 0, type)))
        return n;
    CAF_FAIL("nobody wants " << type);
    return 0;
  }

  status_response status() {
    status_response result;
    self->request(*bus, patience, read_status{})
        .receive([&](status_response& x) { result = std::move(x); }, [](const caf::error&) {});
    return result;
  }

  /// Of its only link.
  link_report link() {
    const auto links = status().links;
    CAF_REQUIRE_EQUAL(links.size(), 1u);
    return links[0];
  }

  ~program() {
    for (auto& x : subscribers)
      self->send_exit(x, caf::exit_reason::user_shutdown);
  }

  bus_options options;
  program_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  std::vector<subscriber_actor> subscribers;
  bus_handle bus{system, options};
};

/// Breaks the connections of this process to that port.
size_t cut(uint16_t port) {
  size_t result = 0;
  for (int fd = 3; fd < 1'024; ++fd) {
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0 && peer.sin_family == AF_INET &&
        ntohs(peer.sin_port) == port) {
      ::shutdown(fd, SHUT_RDWR);
      ++result;
    }
  }
  return result;
}

} // namespace

CAF_TEST(subscribers of another program get what they want with all of its fields) {
  program far, near;
  near.subscribe_to(far.open());
  auto literal = near.join_as({.event_key = "a.b"});
  auto pattern = near.join_as({.event_key = "all", .patterns = {"a.>"}});
  const auto first = far.publish_until_wanted("a.b");
  CAF_CHECK(literal->wait([&] { return literal->accounted() >= 1; }));
  event_encoder encoder;
  encoder.add({.event_type = "a.b", .event_id = "7", .source_time = "yesterday", .payload = R"({"n":1.10})"});
  CAF_CHECK(far.publish(encoder.finish()));
  CAF_CHECK(literal->wait([&] { return literal->latest() == R"(a.b {"n":1.10})"; }));
  CAF_CHECK(pattern->wait([&] { return pattern->latest() == R"(a.b {"n":1.10})"; }));
  CAF_CHECK_EQUAL(literal->hops(), 1u);
  CAF_CHECK(literal->accounted() <= first + 1);
  CAF_CHECK(!far.publish(numbered_batch(1, 0, "b"))); // nobody has asked for it
  CAF_CHECK(near.link().state == source_state::connected);
  CAF_CHECK(near.link().peer.ends_with(", caf"));
  CAF_CHECK(far.link().state == source_state::connected);
}

CAF_TEST(what a full queue has dropped is told as a hole) {
  auto options = never_idle();
  options.queue_capacity = 10;
  program far{options}, near;
  near.subscribe_to(far.open());
  auto seen = near.join_as({.event_key = "t"});
  far.publish_until_wanted();
  CAF_CHECK(seen->wait([&] { return seen->accounted() >= 1; }));
  const auto before = seen->accounted();
  CAF_CHECK(far.publish(numbered_batch(1'000, 1, "t", 1'000))); // one delivery of it is on its way, and ten events wait
  CAF_CHECK(seen->wait([&] { return seen->accounted() == before + 1'000; }));
  CAF_CHECK(seen->missed() > 500);
  CAF_CHECK_EQUAL(near.link().missed, seen->missed());
  CAF_CHECK_EQUAL(far.link().dropped, seen->missed());
}

CAF_TEST(a connection that is cut is made again and costs nothing) {
  program far, near;
  const auto port = far.open();
  near.subscribe_to(port);
  auto seen = near.join_as({.event_key = "t"});
  far.publish_until_wanted();
  CAF_CHECK(seen->wait([&] { return seen->accounted() >= 1; }));
  const auto before = seen->accounted();
  uint64_t published = 0;
  for (int round = 0; round < 2; ++round) {
    CAF_CHECK(far.publish(numbered_batch(100)));
    CAF_CHECK_EQUAL(cut(port), 1u);
    CAF_CHECK(far.publish(numbered_batch(100)));
    CAF_CHECK(seen->wait([&] { return seen->state() == source_state::reconnecting; }));
    CAF_CHECK(far.publish(numbered_batch(100))); // the export waits
    published += 300;
    CAF_CHECK(seen->wait([&] { return seen->accounted() == before + published; }));
    CAF_CHECK(seen->wait([&] { return seen->state() == source_state::connected; }));
  }
  CAF_CHECK_EQUAL(seen->missed(), 0u);
}

CAF_TEST(what a cut costs without a grace is told exactly) {
  auto options = never_idle();
  options.link_grace = 0s;
  program far{options}, near;
  const auto port = far.open();
  near.subscribe_to(port);
  auto seen = near.join_as({.event_key = "t"});
  far.publish_until_wanted();
  CAF_CHECK(far.publish(numbered_batch(50)));
  CAF_CHECK(seen->wait([&] { return seen->seen() >= 51; }));
  const auto before = seen->accounted();
  CAF_CHECK_EQUAL(cut(port), 1u);
  far.publish(numbered_batch(100));
  CAF_CHECK(seen->wait([&] { return seen->state() == source_state::reconnecting; }));
  CAF_CHECK(seen->wait([&] { return seen->state() == source_state::connected; })); // before, the old one may want it
  const auto more = far.publish_until_wanted();
  CAF_CHECK(seen->wait([&] { return seen->accounted() == before + 100 + more; }));
  CAF_CHECK(seen->missed() >= 100);
  CAF_CHECK_EQUAL(near.link().missed, seen->missed());
}

CAF_TEST(a program that is started again is found again) {
  program near;
  std::optional<program> far{std::in_place};
  const auto port = far->open();
  near.subscribe_to(port);
  auto seen = near.join_as({.event_key = "t"});
  far->publish_until_wanted();
  CAF_CHECK(seen->wait([&] { return seen->accounted() >= 1; }));
  const auto before = seen->accounted();
  far.reset();
  CAF_CHECK(seen->wait([&] { return seen->state() == source_state::reconnecting; }));
  far.emplace();
  CAF_CHECK_EQUAL(far->open(port), port);
  const auto published = far->publish_until_wanted();
  CAF_CHECK(seen->wait([&] { return seen->accounted() == before + published; })); // what was missed is told
  CAF_CHECK(far->publish(numbered_batch(1)));
  CAF_CHECK(seen->wait([&] { return seen->accounted() == before + published + 1; }));
}

CAF_TEST(a bus that takes the place of another in the same program is found) {
  program far, near;
  const auto port = far.open();
  near.subscribe_to(port);
  auto seen = near.join_as({.event_key = "t"});
  far.publish_until_wanted();
  CAF_CHECK(seen->wait([&] { return seen->accounted() >= 1; }));
  CAF_CHECK(far.bus.stop().ended);
  CAF_CHECK(seen->wait([&] { return seen->state() == source_state::reconnecting; }));
  bus_handle successor{far.system, never_idle()};
  CAF_REQUIRE(publish_remote_gate(far.system, successor.parts(), never_idle(), {.port = port})); // which is free
  CAF_CHECK(seen->wait([&] { return seen->state() == source_state::connected; }));
}

CAF_TEST(a subscriber comes before the other program does) {
  program near;
  auto seen = near.join_as({.event_key = "t"});
  uint16_t port = 0;
  {
    program placeholder;
    port = placeholder.open();
  }
  near.subscribe_to(port);
  CAF_CHECK(seen->wait([&] { return seen->state() == source_state::reconnecting; }));
  program far;
  far.open(port);
  CAF_CHECK(seen->wait([&] { return seen->state() == source_state::connected; }));
}

CAF_TEST(what may not be read does not come) {
  program far, near;
  near.subscribe_to(far.open(0, {{false, {"t"}}, {}}));
  auto seen = near.join_as({.event_key = "both", .event_types = {"secret", "t"}});
  far.publish_until_wanted("t");
  CAF_CHECK(!far.publish(numbered_batch(1, 0, "secret")));
  CAF_CHECK(far.publish(numbered_batch(1, 5, "t")));
  CAF_CHECK(seen->wait([&] { return seen->latest().find("\"n\":5,") != std::string::npos; }));
}

CAF_TEST(another actor at that port is no bus) {
  program far, near;
  auto stranger = far.system.spawn([](caf::event_based_actor*) -> caf::behavior { return {[](int x) { return x; }}; });
  auto port = far.system.middleman().publish(stranger, 0, "127.0.0.1");
  CAF_REQUIRE(port);
  near.subscribe_to(*port);
  auto seen = near.join_as({.event_key = "t"});
  CAF_CHECK(seen->wait([&] { return seen->state() == source_state::reconnecting; }));
  const auto sources = near.status().sources;
  CAF_REQUIRE_EQUAL(sources.size(), 1u);
  CAF_CHECK(sources[0].detail.starts_with("no bus is published there"));
  caf::anon_send_exit(stranger, caf::exit_reason::user_shutdown);
}

CAF_TEST(what is missing is said before anything is done) {
  {
    caf::actor_system_config config;
    caf::actor_system system{config};
    bus_handle bus{system, never_idle()};
    auto answer = publish_remote_gate(system, bus.parts(), never_idle());
    CAF_REQUIRE(!answer);
    CAF_CHECK_NOT_EQUAL(answer.error().text.find("I/O module"), std::string::npos);
  }
  program_config config{false};
  caf::actor_system system{config};
  bus_handle bus{system, never_idle()};
  auto answer = add_remote_bus(system, bus.parts(), never_idle(), {.host = "127.0.0.1", .port = 1});
  CAF_REQUIRE(!answer);
  CAF_CHECK_NOT_EQUAL(answer.error().text.find("cafbus::add_remote_types"), std::string::npos);
  program good;
  CAF_CHECK(!add_remote_bus(good.system, good.bus.parts(), never_idle(), {.host = "", .port = 1}));
  CAF_CHECK(!add_remote_bus(good.system, good.bus.parts(), never_idle(), {.host = "127.0.0.1"}));
  const auto port = good.open();
  auto twice = publish_remote_gate(good.system, good.bus.parts(), never_idle(), {.port = port});
  CAF_REQUIRE(!twice);
  CAF_CHECK_NOT_EQUAL(twice.error().text.find("127.0.0.1:" + std::to_string(port)), std::string::npos);
  bus_handle ended{good.system, never_idle()};
  ended.stop();
  CAF_CHECK(publish_remote_gate(good.system, ended.parts(), never_idle()).error().kind == failure_kind::stopping);
  CAF_CHECK(!add_remote_bus(good.system, ended.parts(), never_idle(), {.host = "127.0.0.1", .port = port}));
}
