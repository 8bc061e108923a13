#include "bench/clock.hpp"
#include "bench/modes.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <map>
#include <memory>

namespace cafbus::bench {

namespace {

struct start_options {
  std::vector<std::string> peers;
  size_t pairs = 20;
};

table start(const start_options& options) {
  table out;
  out.title = "start";
  out.columns = {"server", "ms from its start to the first consumer's acknowledgement"};
  std::vector<std::string> names{"cafbus"};
  for (const auto& name : installed(options.peers, out.notes))
    names.push_back(name);
  std::map<std::string, std::vector<double>> found;
  for (size_t round = 0; round < options.pairs; ++round)
    for (const auto& name : names) {
      auto begin = now_ns();
      auto server = start_peer(name, {});
      auto consumer = server->connect_consumer({type_name(0)});
      found[name].push_back(static_cast<double>(now_ns() - begin) / 1e6);
      server->check();
    }
  for (const auto& name : names) {
    auto times = spread_of(found[name]);
    out.rows.push_back({name, text_of(times, 1, 1)});
    out.json.push_back({{"server", name}, {"ms", json_of(times)}});
  }
  out.notes.push_back(fmt::format("Median (min to max) of {} alternate starts.", options.pairs));
  return out;
}

} // namespace

void add_start(CLI::App& app, tables& out) {
  auto options = std::make_shared<start_options>();
  auto& mode = add_mode(app, "start", "Time from the start of the process until a consumer is served");
  add_pairs(mode, options->pairs);
  add_peers(mode, options->peers, {"redis", "nats", "zmq"});
  mode.callback([options, &out] { out.push_back(start(*options)); });
}

} // namespace cafbus::bench
