#include "bench/link.hpp"
#include "bench/clock.hpp"
#include "bench/modes.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/io/middleman.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <fstream>
#include <unistd.h>

namespace cafbus::bench {

namespace {

/// Takes events one a message, and says how many when asked.
using taker_actor = caf::typed_actor<caf::reacts_to<std::string>, caf::replies_to<caf::get_atom>::with<uint64_t>>;

/// Messages between two questions: far more than the round trip needs, and no more than the buffers take.
constexpr int at_once = 4'096;

struct link_options {
  size_t payload = 200;
  size_t pairs = 5;
  load each;
};

struct system_config : caf::actor_system_config {
  system_config() {
    load<caf::io::middleman>();
    config_file_path.clear();
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", size_t{2});
  }
};

/// Events per second if each is a CAF message of its own from one process to another.
double run_singles(const link_options& options) {
  test::temp_dir dir;
  auto ready = dir / "port";
  child other{{own_path(), "message-taker", ready}, dir / "log"};
  std::string port;
  for (auto end = now_ns() + 10'000'000'000; port.empty() && now_ns() < end; sleep_until(now_ns() + 2'000'000))
    port = read_file(ready);
  if (port.empty())
    throw bench_error{"the taker of messages did not start"};
  system_config config;
  caf::actor_system system{config};
  auto taker = system.middleman().remote_actor<taker_actor>("127.0.0.1", static_cast<uint16_t>(std::stoi(port)));
  if (!taker)
    throw bench_error{"the taker of messages cannot be reached"};
  caf::scoped_actor self{system};
  const std::string event(options.payload + 150, 'x'); // as long as the frame of an event
  uint64_t taken = 0;
  auto some = [&] {
    for (int i = 0; i < at_once; ++i)
      self->send(*taker, event);
    self->request(*taker, std::chrono::seconds{20}, caf::get_atom::value)
        .receive([&](uint64_t x) { taken = x; }, [](const caf::error&) { throw bench_error{"the taker is gone"}; });
  };
  some();
  auto before = taken;
  auto begin = now_ns();
  while (static_cast<double>(now_ns() - begin) < options.each.seconds * 1e9)
    some();
  return static_cast<double>(taken - before) * 1e9 / static_cast<double>(now_ns() - begin);
}

table measure_link(const link_options& options) {
  auto x = options.each;
  x.consumers = 1;
  x.payload = options.payload;
  std::vector<double> linked;
  std::vector<double> singles;
  for (size_t round = 0; round < options.pairs; ++round) {
    linked.push_back(run_fresh("linked", x).rate());
    singles.push_back(run_singles(options));
  }
  table out;
  out.title = "link";
  out.columns = {"how", "events/s", "ratio"};
  out.rows.push_back({"from bus to bus", text_of(spread_of(linked), 1, 0), text_of(ratio_of(linked, singles))});
  out.rows.push_back({"a CAF message for each", text_of(spread_of(singles), 1, 0), ""});
  out.json.push_back({{"linked_per_s", json_of(spread_of(linked))},
                      {"singles_per_s", json_of(spread_of(singles))},
                      {"ratio", json_of(ratio_of(linked, singles))}});
  out.notes.push_back(
      fmt::format("{} B payloads, from a publisher of one daemon to a consumer of another over loopback; "
                  "and messages of the same size between two actors. {}",
                  options.payload, how_measured(options.pairs, x)));
  return out;
}

} // namespace

void add_link(CLI::App& app, tables& out) {
  auto options = std::make_shared<link_options>();
  auto& mode = add_mode(app, "link", "Events per second over a link between two buses");
  add_payload(mode, options->payload);
  add_pairs(mode, options->pairs);
  add_times(mode, options->each);
  mode.callback([options, &out] { out.push_back(measure_link(*options)); });
}

int run_message_taker(const std::string& port_file) {
  system_config config;
  caf::actor_system system{config};
  auto taker = system.spawn([]() -> taker_actor::behavior_type {
    auto count = std::make_shared<uint64_t>(0);
    return {[count](const std::string&) { ++*count; }, [count](caf::get_atom) { return *count; }};
  });
  auto port = system.middleman().publish(taker, 0, "127.0.0.1");
  if (!port)
    return 1;
  std::ofstream{port_file + '~'} << *port;
  ::rename((port_file + '~').c_str(), port_file.c_str()); // there is no half of it then
  for (;;)
    ::pause();
}

} // namespace cafbus::bench
