#pragma once
#include "bench/run.hpp"
#include "bench/table.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace CLI {
class App;
} // namespace CLI

/// The modes of the program. Each adds its command with its options to `app`, and when it is asked for leaves its
/// table in `out`.
namespace cafbus::bench {

using tables = std::vector<table>;

void add_fanout(CLI::App& app, tables& out);
void add_latency(CLI::App& app, tables& out);
void add_ingest(CLI::App& app, tables& out);
void add_loss_free(CLI::App& app, tables& out);
void add_idle(CLI::App& app, tables& out);
void add_start(CLI::App& app, tables& out);
void add_isolate(CLI::App& app, tables& out);
void add_scale(CLI::App& app, tables& out);
void add_embed(CLI::App& app, tables& out);
void add_tools(CLI::App& app, tables& out);
void add_link(CLI::App& app, tables& out);
void add_filter(CLI::App& app, tables& out);

// -- for the modes
// ------------------------------------------------------------------------------------------------------

/// Adds a command whose options show their defaults.
CLI::App& add_mode(CLI::App& app, const std::string& name, const std::string& what);
void add_consumers(CLI::App& mode, std::vector<size_t>& consumers);
void add_payload(CLI::App& mode, size_t& payload);
void add_pairs(CLI::App& mode, size_t& pairs);
void add_times(CLI::App& mode, load& x);
void add_queue(CLI::App& mode, peer_options& x);
void add_window(CLI::App& mode, load& x);
void add_publishers(CLI::App& mode, std::vector<size_t>& publishers);
/// @param known Those that the mode can compare with, as `start_peer` knows them.
void add_peers(CLI::App& mode, std::vector<std::string>& peers, const std::set<std::string>& known);

/// Those of the peers that are installed; a note says which package holds one that is not.
std::vector<std::string> installed(const std::vector<std::string>& peers, std::vector<std::string>& notes);

/// One run against a server that is started for it.
measured run_fresh(const std::string& server, const load& x, latencies* ages = nullptr);

/// System calls of the server per delivery, in a run of its own; none: the kernel does not let us count.
std::optional<double> calls_each(const std::string& server, load x);
std::string per_thousand(std::optional<double> x);

/// What one server did, by round.
struct rate_series {
  std::vector<double> rate;     ///< Deliveries per second.
  std::vector<double> cpu;      ///< Nanoseconds per delivery.
  std::vector<double> faults;   ///< Page faults per delivery.
  std::vector<double> switches; ///< Context switches per delivery.
  std::optional<double> calls;  ///< System calls per delivery.
};

/// The figures of one server, and how ours compares.
void add_rates(nlohmann::ordered_json& row, const rate_series& theirs, const rate_series& ours);

/// Runs the servers in turns: A B A B ...
std::map<std::string, rate_series> measure_rates(const std::vector<std::string>& servers, const load& x, size_t rounds);
nlohmann::ordered_json json_of(std::optional<double> x);

/// By pair: ours divided by theirs.
spread ratio_of(const std::vector<double>& ours, const std::vector<double>& theirs);

/// "Median (min to max) of 5 alternate runs of 0.7 s."
std::string how_measured(size_t pairs, const load& x);

} // namespace cafbus::bench
