#include "bench/clock.hpp"
#include "bench/modes.hpp"
#include "bench/payload.hpp"

#include <algorithm>
#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <fstream>
#include <map>
#include <memory>
#include <sys/stat.h>

// What most people measure: a command that publishes a file beside one that prints the events into another file, each
// server with its own commands. A run ends when as much has been printed as there should be, or when nothing has come
// for a while after the publisher has ended.

namespace cafbus::bench {

namespace {

constexpr uint64_t poll_ns = 1'000'000;
constexpr uint64_t silence_ns = 2'000'000'000;
constexpr uint64_t patience_ns = 10'000'000'000;

struct tools_options {
  size_t events = 500'000;
  size_t payload = 100;
  std::vector<std::string> peers;
  size_t pairs = 5;
  peer_options server;
};

struct tools_run {
  double seconds = 0; ///< From the start of the publisher until the last event is printed.
  uint64_t lost = 0;
};

uint64_t size_of(const std::string& file) {
  struct stat info {};
  return ::stat(file.c_str(), &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
}

child start_line(const std::string& line, const std::string& log) {
  return child{{"/bin/sh", "-c", "exec " + line}, log};
}

void write_events(const std::string& file, const peer& server, const tools_options& options) {
  std::ofstream out{file, std::ios::binary};
  auto text = payload::make(options.payload, 0);
  for (size_t i = 0; i < options.events; ++i) {
    payload::set_number(text.data(), i);
    out << server.file_frame(type_name(0), text, std::to_string(i));
  }
  if (!out.flush())
    throw bench_error{"cannot write " + file};
}

void await_word(const std::string& word, const std::string& printed, const std::string& log) {
  for (auto end = now_ns() + patience_ns; now_ns() < end; sleep_until(now_ns() + poll_ns))
    if (read_file(log).find(word) != std::string::npos || read_file(printed).find(word) != std::string::npos)
      return;
  throw bench_error{"the consumer did not get ready: " + read_file(log)};
}

/// @returns when it last grew, or reached `size`.
uint64_t await_size(const std::string& printed, uint64_t size, child& publisher) {
  uint64_t before = 0;
  uint64_t last = now_ns();
  for (;;) {
    const auto now_there = size_of(printed);
    const auto now = now_ns();
    if (now_there != before)
      last = now;
    before = now_there;
    if (before >= size || (now > last + silence_ns && !publisher.alive()))
      return last;
    sleep_until(now + poll_ns);
  }
}

/// Events that were printed. Throws if one of them is there twice, in the wrong place or not whole.
uint64_t count_printed(const std::string& printed, const tools_options& options) {
  const auto text = read_file(printed);
  auto expected = payload::make(options.payload, 0);
  uint64_t count = 0;
  uint64_t next = 0;
  for (size_t at = 0; (at = text.find(payload::start, at)) != std::string::npos; at += options.payload) {
    const auto number = payload::read_digits(text.data() + at + payload::number_at, 13) - payload::number_base;
    payload::set_number(expected.data(), number);
    if (number < next || number >= options.events || text.compare(at, options.payload, expected) != 0)
      throw bench_error{fmt::format("event {} was printed as number {} where {} was due", count, number, next)};
    next = number + 1;
    ++count;
  }
  return count;
}

tools_run measure(const std::string& name, const tools_options& options) {
  test::temp_dir dir;
  const auto file = dir / "events";
  const auto printed = dir / "printed";
  auto server = start_peer(name, options.server);
  const auto type = type_name(0);
  write_events(file, *server, options);
  auto consumer = start_line(server->consume_line(type, options.events) + " >" + printed, dir / "consumer");
  await_word(server->ready_word(), printed, dir / "consumer");
  const auto begin = now_ns();
  auto publisher = start_line(server->publish_line(file), dir / "publisher");
  const auto each = options.payload + server->printed_around(type);
  const auto last = await_size(printed, server->printed_before(type) + options.events * each, publisher);
  const auto lost = options.events - count_printed(printed, options);
  if (const auto said = server->check(); said.known && (said.dropped != lost || said.accepted != options.events))
    throw bench_error{fmt::format("{} of {} events are missing, {} has taken {} and dropped {}", lost, options.events,
                                  name, said.accepted, said.dropped)};
  return {static_cast<double>(last - begin) / 1e9, lost};
}

table tools(const tools_options& options) {
  table out;
  out.title = "tools";
  out.columns = {"commands of", "s", "events/s", "lost in all runs", "runs that lost", "our time / its"};
  std::vector<std::string> names{"cafbus"};
  for (const auto& name : installed(options.peers, out.notes))
    names.push_back(name);
  std::map<std::string, std::vector<double>> times;
  std::map<std::string, uint64_t> lost;
  std::map<std::string, size_t> lossy;
  for (size_t round = 0; round < options.pairs; ++round)
    for (const auto& name : names) {
      const auto result = measure(name, options);
      times[name].push_back(result.seconds);
      lost[name] += result.lost;
      lossy[name] += result.lost > 0;
    }
  for (const auto& name : names) {
    const auto time = spread_of(times[name]);
    const auto ratio = ratio_of(times["cafbus"], times[name]);
    out.rows.push_back({name, text_of(time), fmt::format("{:.0f}", static_cast<double>(options.events) / time.median),
                        std::to_string(lost[name]), std::to_string(lossy[name]),
                        name == "cafbus" ? "" : text_of(ratio)});
    out.json.push_back({{"server", name},
                        {"events", options.events},
                        {"payload", options.payload},
                        {"seconds", json_of(time)},
                        {"lost", lost[name]},
                        {"runs_that_lost", lossy[name]},
                        {"time_ratio", json_of(ratio)}});
  }
  out.notes.push_back(fmt::format("{} events of {} B from a file, until the last one is in the consumer's file. Median "
                                  "(min to max) of {} alternate runs.",
                                  options.events, options.payload, options.pairs));
  return out;
}

} // namespace

void add_tools(CLI::App& app, tables& out) {
  auto options = std::make_shared<tools_options>();
  auto& mode = add_mode(app, "tools", "`publish FILE` beside `consume` into a file, each server's own commands");
  mode.add_option("--events", options->events, "Lines of the file")->check(CLI::PositiveNumber);
  add_payload(mode, options->payload);
  add_queue(mode, options->server);
  add_peers(mode, options->peers, {"redis"});
  add_pairs(mode, options->pairs);
  mode.callback([options, &out] { out.push_back(tools(*options)); });
}

} // namespace cafbus::bench
