// A bug in actors of somebody's own, and all that the harness does about it: it finds the run, makes it short, writes
// it down and repeats it.

#include "testing/explore.hpp"
#include "support/environment.hpp"

#include <algorithm>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

#include <caf/test/dsl.hpp>

using namespace cafbus;
using namespace cafbus::testing;
using namespace std::chrono_literals;

namespace {

struct read_balance {};
struct balance {
  uint64_t value = 0;
};

} // namespace

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(read_balance)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(balance)

namespace {

struct books {
  uint64_t deposits = 0;
  uint64_t value = 0;
};

caf::behavior account(caf::event_based_actor*, const std::shared_ptr<books>& to) {
  return {[to](read_balance) { return balance{to->value}; }, [to](const balance& x) { to->value = x.value; }};
}

/// The bug: it reads the balance in one turn and writes it in another. What others write in between is lost.
subscriber_actor::behavior_type cashier(subscriber_actor::pointer self, const caf::actor& account,
                                        const std::shared_ptr<books>& to) {
  self->set_error_handler([](caf::error&) {});
  return {[=](const delivery& x) -> caf::result<delivered> {
    uint64_t n = 0;
    for (const auto& range : x.events)
      n += range.size();
    to->deposits += n;
    auto promise = self->make_response_promise<delivered>();
    self->request(account, caf::infinite, read_balance{})
        .then(
            [=](const balance& y) mutable {
              caf::anon_send(account, balance{y.value + n});
              promise.deliver(delivered{});
            },
            [](const caf::error&) {});
    return promise;
  }};
}

/// Two cashiers on a bus, each with a source of its own, and one account.
void two_cashiers(harness& x) {
  auto bus = x.add_bus("bank");
  auto to = std::make_shared<books>();
  auto safe = x.system().spawn(account, to);
  x.adopt(safe, "account");
  for (const auto* type : {"left", "right"}) {
    auto actor = x.system().spawn(cashier, safe, to);
    x.adopt(actor, type);
    caf::anon_send(x.parts(bus).bus, join{actor, {.event_key = type, .event_types = {type}}, {}, {}});
  }
  x.settle();
  for (const auto* type : {"left", "right"})
    x.add_source(std::string{"customer."} + type, bus, {.types = {type}, .events = 100, .largest_batch = 1});
  x.run_for(5s);
  x.ensure(to->deposits == 200, "not all deposits have come");
  x.ensure(to->value == to->deposits, "a deposit is lost");
}

struct folder {
  folder() {
    std::string name = (std::filesystem::temp_directory_path() / "cafbus-explore-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~folder() { std::filesystem::remove_all(path); }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  std::string path;
};

std::vector<decision> picks(std::initializer_list<uint64_t> at) {
  std::vector<decision> result;
  for (auto x : at)
    result.push_back({decision::kind::pick, x, 1});
  return result;
}

} // namespace

CAF_TEST(a lost update is found and shortened and repeated from its file) {
  folder where;
  environment files{"CAFBUS_REPLAY_DIR", where.path};
  environment one{"CAFBUS_SEED", nullptr};
  environment many{"CAFBUS_SEEDS", nullptr};
  environment none{"CAFBUS_REPLAY", nullptr};
  std::ostringstream report;
  exploration all{.name = "two_cashiers", .failures = 1, .report = &report};
  auto found = explore(all, two_cashiers);
  CAF_MESSAGE(report.str());
  CAF_REQUIRE_EQUAL(found.failing.size(), 1u);
  const auto& run = found.failing.front();
  CAF_CHECK(run.record.broken.front().ends_with("a deposit is lost"));
  CAF_CHECK(report.str().find("FAILED two_cashiers seed=" + std::to_string(run.record.plan.seed)) == 0);
  CAF_CHECK(report.str().find("CAFBUS_REPLAY=" + run.file) != std::string::npos);
  CAF_REQUIRE(run.is_shortened);
  CAF_CHECK(run.record.plan.decisions->size() > 100);
  CAF_CHECK_LESS_OR_EQUAL(run.shortest.plan.decisions->size(), 10u);
  CAF_CHECK(!run.shortest.plan.decisions->empty());

  for (const auto& [file, record] : {std::pair{run.file, run.record}, {run.shortest_file, run.shortest}}) {
    environment replay{"CAFBUS_REPLAY", file};
    std::ostringstream again;
    all.report = &again;
    auto repeated = explore(all, two_cashiers);
    CAF_CHECK_EQUAL(repeated.runs, 1u);
    CAF_REQUIRE_EQUAL(repeated.failing.size(), 1u);
    CAF_CHECK(repeated.failing.front().record.broken == record.broken);
    CAF_CHECK(repeated.failing.front().record.turns == record.turns);
  }
}

CAF_TEST(a replay is the run of its seed to the byte) {
  harness first{7};
  two_cashiers(first);
  harness second{first.record().plan};
  two_cashiers(second);
  CAF_CHECK(first.trace() == second.trace());
  CAF_CHECK_EQUAL(first.steps(), second.steps());
  CAF_CHECK(first.record().plan.decisions == second.record().plan.decisions);
}

CAF_TEST(a replay is for the exploration of its name) {
  folder where;
  auto path = where.path + "/other.replay";
  CAF_REQUIRE(write_replay(path, {"other", {.seed = 3, .decisions = picks({1})}}));
  environment replay{"CAFBUS_REPLAY", path};
  auto found = explore({.name = "mine"}, [](harness&) { CAF_FAIL("it is run"); });
  CAF_CHECK(found.is_other_replay);
  CAF_CHECK_EQUAL(found.runs, 0u);
}

CAF_TEST(a replay file comes back as it was written) {
  folder where;
  const replay_file x{"some.name", {.seed = 5, .pct_depth = 3, .pct_turns = 70, .decisions = picks({1, 9})}};
  CAF_REQUIRE(write_replay(where.path + "/x", x));
  auto y = read_replay(where.path + "/x");
  CAF_REQUIRE(y);
  CAF_CHECK_EQUAL(y->name, x.name);
  CAF_CHECK_EQUAL(y->plan.seed, x.plan.seed);
  CAF_CHECK_EQUAL(y->plan.pct_depth, x.plan.pct_depth);
  CAF_CHECK_EQUAL(y->plan.pct_turns, x.plan.pct_turns);
  CAF_CHECK(y->plan.decisions == x.plan.decisions);
}

CAF_TEST(what is no replay file fails with the line) {
  folder where;
  for (const auto* text : {"", "hello\n", "cafbus-replay 1\nseed many\n", "cafbus-replay 1\npick 1 2\n",
                           "cafbus-replay 1\ndecisions 1\npick 1\n", "cafbus-replay 1\ndecisions 1\nroll 1 2\n"}) {
    std::ofstream{where.path + "/x"} << text;
    auto x = read_replay(where.path + "/x");
    CAF_REQUIRE(!x);
    CAF_CHECK(x.error().text.find("is not a replay file") != std::string::npos);
  }
  environment replay{"CAFBUS_REPLAY", where.path + "/none"};
  std::ostringstream report;
  exploration all{.name = "mine", .report = &report};
  CAF_CHECK_EQUAL(explore(all, [](harness&) {}).failing.size(), 1u);
  CAF_CHECK(report.str().find("cannot read") != std::string::npos);
}

CAF_TEST(shortening finds the few decisions among many and stops when it may not go on) {
  std::vector<decision> all;
  for (uint64_t i = 1; i <= 1000; ++i)
    all.push_back({decision::kind::pick, i, 1});
  auto has_both = [](const std::vector<decision>& x) {
    return std::ranges::count_if(x, [](const auto& y) { return y.at == 17 || y.at == 911; }) == 2;
  };
  size_t runs = 1000;
  CAF_CHECK(shorten(all, has_both, runs) == picks({17, 911}));
  CAF_CHECK(runs > 900);
  size_t few = 5;
  CAF_CHECK(has_both(shorten(all, has_both, few)));
  CAF_CHECK_EQUAL(few, 0u);
}
