#include "actors/compiled_filter.hpp"
#include "actors/event_router.hpp"
#include "bench/modes.hpp"
#include "bench/process.hpp"
#include "bench/real_events.hpp"
#include "config/defaults.hpp"
#include "messages/event_encoder.hpp"
#include "messages/filter_text.hpp"

#include <CLI/CLI.hpp>
#include <ctime>
#include <fmt/core.h>
#include <memory>

// Routing alone, on one thread, of batches such as a socket brings: what filters add to it is what they cost.

namespace cafbus::bench {

namespace {

struct filter_options {
  std::string events = "tests/data/github-webhooks.ndjson";
  std::vector<std::string> where{R"(/action == "opened")", R"(/repository/full_name != "x/y" and /sender/id > 1000)"};
  size_t consumers = 1;
  size_t pairs = 5;
  double seconds = 0.7;
};

uint64_t processor_ns() {
  timespec x{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &x);
  return static_cast<uint64_t>(x.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(x.tv_nsec);
}

std::vector<event_batch_ptr> batches_of(const real_events& events) {
  std::vector<event_batch_ptr> result;
  event_encoder encoder;
  const auto finish = [&] {
    if (encoder.size() != 0)
      result.push_back(encoder.finish());
  };
  for (size_t i = 0; i < events.payloads.size(); ++i) {
    event_fields fields;
    fields.event_type = events.types[i];
    fields.payload = events.payloads[i];
    if (encoder.bytes() + fields.payload.size() > defaults::read_bytes)
      finish();
    encoder.add(fields);
  }
  finish();
  return result;
}

/// A router with so many consumers of all types for each filter.
class filtered_router {
public:
  filtered_router(const real_events& events, const std::vector<std::string>& filters, size_t consumers) {
    for (const auto& text : filters) {
      compiled_filter_ptr filter;
      if (!text.empty()) {
        auto parsed = parse_filter(text);
        if (!parsed)
          throw bench_error{"--where: " + parsed.error().text};
        filter = std::make_shared<const compiled_filter>(*parsed);
      }
      for (size_t i = 0; i < consumers; ++i) {
        router_.add(++last_, events.distinct_types());
        router_.set_filter(last_, {filter});
      }
    }
  }

  /// Events that come in per second of this thread's processor time.
  double rate(const std::vector<event_batch_ptr>& batches, double seconds) {
    const auto begin = processor_ns();
    const auto end = begin + static_cast<uint64_t>(seconds * 1e9);
    uint64_t events = 0;
    auto now = begin;
    while (now < end) {
      for (const auto& batch : batches) {
        for (const auto& route : router_.routes(*batch, {}))
          for (const auto& span : route.spans)
            given_ += span.last - span.first;
        events += batch->size();
      }
      now = processor_ns();
    }
    routed_ += events;
    return static_cast<double>(events) / (static_cast<double>(now - begin) / 1e9);
  }

  /// Throws unless each event was given to each consumer or kept from it.
  void check() const {
    uint64_t kept = 0;
    for (uint64_t id = 1; id <= last_; ++id)
      kept += router_.filtering_of(id).filtered;
    if (given_ + kept != routed_ * last_)
      throw bench_error{fmt::format("{} given and {} kept back of {} events", given_, kept, routed_ * last_)};
  }

  double share_given() const { return static_cast<double>(given_) / static_cast<double>(routed_ * last_); }

private:
  event_router router_{dedup_window{0, {}}};
  uint64_t last_ = 0;
  uint64_t given_ = 0;
  uint64_t routed_ = 0;
};

table filter(const filter_options& options) {
  const auto events = load_events(options.events);
  const auto batches = batches_of(events);
  std::vector<std::vector<std::string>> sets{std::vector<std::string>(options.where.size())};
  for (const auto& x : options.where)
    sets.push_back({x});
  if (options.where.size() > 1)
    sets.push_back(options.where);
  std::vector<filtered_router> routers;
  for (const auto& filters : sets)
    routers.emplace_back(events, filters, options.consumers);
  std::vector<std::vector<double>> rates(sets.size());
  for (size_t round = 0; round < options.pairs; ++round)
    for (size_t i = 0; i < sets.size(); ++i)
      rates[i].push_back(routers[i].rate(batches, options.seconds));
  table out;
  out.title = "filter";
  out.columns = {"filters", "events/s of a core", "ns/event", "given"};
  for (size_t i = 0; i < sets.size(); ++i) {
    routers[i].check();
    const auto name = i == 0 ? "none" : sets[i].size() > 1 ? fmt::format("all {}", sets[i].size()) : sets[i][0];
    const auto rate = spread_of(rates[i]);
    out.rows.push_back({name, text_of(rate, 1, 0), fmt::format("{:.0f}", 1e9 / rate.median),
                        fmt::format("{:.0f} %", routers[i].share_given() * 100)});
    out.json.push_back({{"filters", name}, {"events_per_s", json_of(rate)}, {"given", routers[i].share_given()}});
  }
  out.notes.push_back(
      fmt::format("{} events of {:.0f} B on average, {} consumer(s) of all types for each filter; routing "
                  "alone, by the processor time of one thread. Median (min to max) of {} alternate runs "
                  "of {} s.",
                  events.payloads.size(), events.mean_payload(), options.consumers, options.pairs, options.seconds));
  return out;
}

} // namespace

void add_filter(CLI::App& app, tables& out) {
  auto options = std::make_shared<filter_options>();
  auto& mode = add_mode(app, "filter", "What filters on real events cost, in routing");
  mode.add_option("--events", options->events, "NDJSON file of events, as a source reads them");
  mode.add_option("--where", options->where, "Filters, as `cafbus consume` takes them; may be repeated")
      ->allow_extra_args(false);
  mode.add_option("--consumers", options->consumers, "Consumers with each filter")->check(CLI::PositiveNumber);
  add_pairs(mode, options->pairs);
  mode.add_option("--seconds", options->seconds, "Of each run")->check(CLI::PositiveNumber);
  mode.callback([options, &out] { out.push_back(filter(*options)); });
}

} // namespace cafbus::bench
