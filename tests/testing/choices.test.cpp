// Every seed is one course of a bus whose consumers have policies, bounds and filters drawn by lot, and are slow by
// lot. In full:
//   CAFBUS_SEEDS=10000 build/cafbus_harness_test -n -r 600 -v 3 -s '^testing.choices$'
// One seed again: CAFBUS_SEED=n.

#include "messages/filter_text.hpp"
#include "testing/harness.hpp"
#include "testing/seeds.hpp"

#include <algorithm>
#include <caf/send.hpp>
#include <caf/typed_response_promise.hpp>
#include <deque>
#include <iostream>

#include <caf/test/dsl.hpp>

using namespace cafbus;
using namespace cafbus::testing;
using namespace std::chrono_literals;

namespace {

const std::vector<std::string> all_types{"x", "y", "z"};

struct chosen_event {
  std::string type;
  std::string source;
  uint64_t n = 0; ///< Of its source.
  uint64_t seq = 0;
};

/// A filter, and what it is to mean.
struct chosen_filter {
  const char* text;
  bool (*holds)(const chosen_event& x);
};

const chosen_filter filters[] = {
    {"", [](const chosen_event&) { return true; }},
    {"/n > 20", [](const chosen_event& x) { return x.n > 20; }},
    {"/source == \"a\"", [](const chosen_event& x) { return x.source == "a"; }},
    {"/n in [1, 3, 5, 8, 13, 21, 34, 55, 89]",
     [](const chosen_event& x) {
       return std::ranges::count(std::array{1, 3, 5, 8, 13, 21, 34, 55, 89}, x.n) != 0;
     }},
    {"/source != \"a\" and /n < 60", [](const chosen_event& x) { return x.source != "a" && x.n < 60; }},
};

/// What one consumer has asked for and seen.
struct chooser {
  consumer_info info;
  const chosen_filter* filter = filters;
  std::chrono::nanoseconds pace{0};
  std::vector<chosen_event> seen;
  uint64_t told = 0; ///< Events of gaps.
  bool evicted = false;
};
using chooser_ptr = std::shared_ptr<chooser>;

struct chooser_pace_over {};
using chooser_actor = subscriber_actor::extend<caf::reacts_to<chooser_pace_over>>;

struct chooser_state {
  static inline const char* name = "chooser";
  std::deque<caf::typed_response_promise<delivered>> withheld;
};

chosen_event read_chosen(const event_batch& batch, uint32_t i) { // {"source":"a","n":12}
  const std::string text{batch.payload(i)};
  return {std::string{batch.type(i)}, text.substr(11, 1), std::stoull(text.substr(text.rfind(':') + 1))};
}

chooser_actor::behavior_type choosing(chooser_actor::stateful_pointer<chooser_state> self, const chooser_ptr& chooser,
                                      const bus_actor& bus) {
  self->monitor(bus);
  self->set_down_handler([self](const caf::down_msg& x) { self->quit(x.reason); });
  self->set_error_handler([](caf::error&) {});
  return {[self, chooser](const delivery& x) -> caf::result<delivered> {
            chooser->evicted = chooser->evicted || x.closed == close_reason::evicted;
            for (const auto& gap : x.gaps)
              chooser->told += gap.count;
            for (const auto& range : x.events)
              for (auto i = range.first; i < range.last; ++i) {
                chooser->seen.push_back(read_chosen(*range.batch, i));
                chooser->seen.back().seq = range.seq + (i - range.first);
              }
            if (chooser->pace.count() == 0)
              return delivered{};
            self->delayed_send(self, chooser->pace, chooser_pace_over{});
            return self->state.withheld.emplace_back(self->template make_response_promise<delivered>());
          },
          [self](const chooser_pace_over&) {
            if (self->state.withheld.empty())
              return;
            self->state.withheld.front().deliver(delivered{});
            self->state.withheld.pop_front();
          }};
}

struct choices_scenario {
  explicit choices_scenario(uint64_t seed) : x{seed} {
    x.add_bus("bus");
    add({1, "all", {}, all_types}, filters, 0ns);
    for (size_t i = 0; i < 6; ++i)
      add_by_lot(i);
    x.run_for(1s); // they are in before the first event
    for (const auto* name : {"a", "b"})
      x.add_source(name, 0, {.types = all_types, .events = 60 + x.draw(100), .longest_pause = 10ms});
  }

  void add(consumer_info info, const chosen_filter* filter, std::chrono::nanoseconds pace) {
    info.tell_gaps = true;
    auto entry = std::make_shared<chooser>(chooser{std::move(info), filter, pace, {}, 0, false});
    auto actor = x.system().spawn(choosing, entry, x.parts(0).bus);
    caf::anon_send(x.parts(0).bus, join{actor, entry->info});
    choosers.push_back(entry);
  }

  void add_by_lot(size_t number) {
    static constexpr queue_policy policies[] = {queue_policy::drop_oldest, queue_policy::drop_newest,
                                                queue_policy::latest, queue_policy::disconnect, queue_policy::block};
    consumer_info info{1, "c" + std::to_string(number), {}, all_types};
    info.event_types.resize(1 + x.draw(3));
    info.policy = policies[x.draw(std::size(policies))];
    info.queue_capacity = x.draw(4) == 0 ? 0 : 1 + x.draw(20);
    info.block_time = std::chrono::milliseconds{1 + x.draw(2) * 50'000};
    const auto* filter = &filters[x.draw(std::size(filters))];
    if (*filter->text != '\0')
      info.filter = *parse_filter(filter->text);
    add(std::move(info), filter, std::chrono::milliseconds{x.draw(3) == 0 ? 0 : x.draw(60)});
  }

  void run() {
    static const char* const actors[] = {"hub", "conn", "chooser"};
    for (size_t i = 0; i < 5; ++i) {
      x.run_for(std::chrono::milliseconds{x.draw(200)});
      x.hold(actors[x.draw(std::size(actors))], std::chrono::milliseconds{x.draw(60)});
    }
    x.run_for(10min); // all is taken by then
    found = x.status(0);
    for (const auto& one : choosers)
      check(*one);
  }

  // -- the laws ------------------------------------------------------------------------------------------------------

  void fail(const chooser& who, const std::string& what) {
    broken.push_back(who.info.event_key + " (" + to_string(who.info.policy) + ", " + who.filter->text + "): " + what);
  }

  static bool is_wanted(const chooser& by, const chosen_event& y) {
    return std::ranges::count(by.info.event_types, y.type) != 0 && by.filter->holds(y);
  }

  static bool same(const chosen_event& y, const chosen_event& z) {
    return y.type == z.type && y.source == z.source && y.n == z.n;
  }

  /// Its number says which of what it wants an event is.
  void check(const chooser& one) {
    std::vector<chosen_event> wanted;
    for (const auto& y : choosers[0]->seen)
      if (is_wanted(one, y))
        wanted.push_back(y);
    uint64_t last = 0;
    for (const auto& y : one.seen) {
      if (y.seq <= last || y.seq > wanted.size() || !same(wanted[y.seq - 1], y))
        return fail(one, "event " + std::to_string(y.seq) + " is not what that number stands for");
      last = y.seq;
    }
    events += one.seen.size();
    if (one.evicted)
      return check_evicted(one, wanted.size());
    const auto status = std::ranges::find(found.consumers, one.info.event_key, &consumer_status::event_key);
    if (status == found.consumers.end())
      return fail(one, "it has gone");
    if (status->received != wanted.size() || status->delivered != one.seen.size() || status->queued != 0 ||
        status->received != status->delivered + status->dropped || status->dropped != one.told)
      fail(one, std::to_string(wanted.size()) + " wanted, " + std::to_string(one.seen.size()) + " seen, " +
                    std::to_string(one.told) + " told; the bus says received " + std::to_string(status->received) +
                    " delivered " + std::to_string(status->delivered) + " dropped " + std::to_string(status->dropped));
    dropped += one.told;
    check_policy(one, wanted);
  }

  /// What came before it was too slow has come, but for what waited then.
  void check_evicted(const chooser& one, uint64_t wanted) {
    ++evicted;
    if (one.info.policy != queue_policy::disconnect)
      fail(one, "it has been evicted");
    if (one.told != 0 || (!one.seen.empty() && one.seen.back().seq != one.seen.size()))
      fail(one, "something was lost before it was evicted");
    if (one.seen.size() >= wanted)
      fail(one, "it has been evicted although it has got everything");
  }

  void check_policy(const chooser& one, const std::vector<chosen_event>& wanted) {
    if (one.info.policy == queue_policy::disconnect && one.told != 0)
      fail(one, "something was lost, and it was not evicted");
    if (one.info.policy == queue_policy::block && one.info.block_time > 10s && one.told != 0)
      fail(one, "something was lost although publishers wait for it");
    if (one.info.policy != queue_policy::drop_newest && !wanted.empty() &&
        (one.seen.empty() || !same(one.seen.back(), wanted.back())))
      fail(one, "the last event has not come");
    const auto has_place_for_all =
        one.info.queue_capacity == 0 || one.info.queue_capacity >= one.info.event_types.size();
    if (one.info.policy == queue_policy::latest && has_place_for_all)
      check_latest(one, wanted);
  }

  void check_latest(const chooser& one, const std::vector<chosen_event>& wanted) {
    for (const auto& type : one.info.event_types) {
      auto is_of_it = [&](const chosen_event& y) { return y.type == type; };
      const auto newest = std::find_if(wanted.rbegin(), wanted.rend(), is_of_it);
      const auto seen = std::find_if(one.seen.rbegin(), one.seen.rend(), is_of_it);
      if (newest != wanted.rend() && (seen == one.seen.rend() || !same(*seen, *newest)))
        fail(one, "the newest of type " + type + " has not come");
    }
  }

  harness x;
  std::vector<chooser_ptr> choosers; // the first one gets everything
  status_response found;
  std::vector<std::string> broken;
  uint64_t events = 0;
  uint64_t dropped = 0;
  uint64_t evicted = 0;
};

} // namespace

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(chooser_pace_over)

CAF_TEST(what a consumer wants has come or was told as lost whatever its policy and its filter) {
  const seed_range seeds{200};
  uint64_t events = 0, dropped = 0, evicted = 0;
  size_t failed = 0;
  for (auto seed = seeds.first; seed <= seeds.last && failed < 10; ++seed) {
    choices_scenario scenario{seed};
    scenario.run();
    events += scenario.events;
    dropped += scenario.dropped;
    evicted += scenario.evicted;
    for (const auto& what : scenario.broken)
      CAF_ERROR("CAFBUS_SEED=" << seed << ": " << what);
    for (const auto& what : scenario.x.broken())
      CAF_ERROR("CAFBUS_SEED=" << seed << ": " << what);
    failed += scenario.broken.empty() ? 0 : 1;
  }
  std::cout << seeds.size() << " seeds, " << events << " events seen, " << dropped << " told as lost, " << evicted
            << " consumers evicted\n";
  CAF_CHECK(events > 300 * (seeds.size() - 1)); // a scenario in which nothing is scarce would pass as well
  CAF_CHECK(dropped > 20 * (seeds.size() - 1));
  CAF_CHECK(evicted > seeds.size() / 10);
}
