#include "testing/explore.hpp"

#include "testing/seeds.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

namespace cafbus::testing {

namespace {

/// The breach without its time and numbers: two runs that break the same law in the same place are alike in it.
std::string likeness(const std::string& breach) {
  auto begin = breach.find(' ');
  std::string result = begin == std::string::npos ? breach : breach.substr(begin);
  std::erase_if(result, [](unsigned char c) { return std::isdigit(c) != 0; });
  return result;
}

/// How this program was called, for the shell.
std::string command_line() {
  std::ifstream file{"/proc/self/cmdline", std::ios::binary};
  std::string all{std::istreambuf_iterator<char>{file}, {}};
  std::string result;
  for (size_t at = 0; at < all.size(); at = all.find('\0', at) + 1) {
    const std::string word{all.c_str() + at};
    auto is_plain = std::ranges::all_of(word, [](unsigned char c) {
      return std::isalnum(c) != 0 || std::string_view{"/._-=:,"}.find(c) != std::string_view::npos;
    });
    result.append(result.empty() ? "" : " ").append(is_plain && !word.empty() ? word : "'" + word + "'");
    if (all.find('\0', at) == std::string::npos)
      break;
  }
  return result;
}

class explorer {
public:
  explorer(const exploration& x, const scenario& run) : x_{x}, run_{run}, out_{x.report ? *x.report : std::cout} {}

  exploration_result explore() {
    if (const auto* file = std::getenv("CAFBUS_REPLAY")) {
      replay(file);
      return std::move(result_);
    }
    const seed_range seeds{x_.seeds};
    result_.is_single = seeds.is_one;
    for (auto seed = seeds.first; seed <= seeds.last && result_.failing.size() < x_.failures; ++seed) {
      auto record = run(plan_of(seed), seeds.is_one);
      longest_ = std::max(longest_, record.turns);
      if (!record.broken.empty())
        on_failure(std::move(record));
    }
    return std::move(result_);
  }

private:
  run_plan plan_of(uint64_t seed) const {
    run_plan plan{seed};
    if (longest_ > 0) { // the first run is by lot: it tells how long they are
      plan.pct_depth = x_.pct_depth;
      plan.pct_turns = longest_;
    }
    return plan;
  }

  run_record run(run_plan plan, bool is_loud) {
    harness h{std::move(plan), x_.options};
    run_(h);
    ++result_.runs;
    result_.steps += h.steps();
    result_.events += h.events_seen();
    if (is_loud)
      out_ << h.trace();
    return h.record();
  }

  void replay(const std::string& path) {
    auto file = read_replay(path);
    result_.is_single = true;
    if (!file) {
      out_ << "FAILED " << x_.name << ": " << file.error().text << '\n';
      result_.failing.push_back({});
      result_.failing.back().record.broken.push_back(file.error().text);
      return;
    }
    result_.is_other_replay = file->name != x_.name;
    if (result_.is_other_replay)
      return;
    auto record = run(file->plan, true);
    print_picks(record);
    for (const auto& what : record.broken)
      out_ << "FAILED " << x_.name << " seed=" << record.plan.seed << ": " << what << " | replayed from " << path
           << '\n';
    if (record.broken.empty())
      out_ << x_.name << ": the run in " << path << " breaks no law\n";
    else
      result_.failing.push_back({std::move(record), path, false, {}, {}});
  }

  void on_failure(run_record record) {
    failing_run x;
    x.file = write(record, ".replay");
    out_ << "FAILED " << x_.name << " seed=" << record.plan.seed << ": " << record.broken.front() << " | replay: ";
    if (x.file.empty())
      out_ << "CAFBUS_SEED=" << record.plan.seed;
    else
      out_ << "CAFBUS_REPLAY=" << x.file;
    out_ << ' ' << command_line() << '\n';
    x.record = std::move(record);
    if (result_.failing.empty() && x_.shrink_runs > 0 && x.record.plan.decisions)
      shorten_run(x);
    result_.failing.push_back(std::move(x));
  }

  void shorten_run(failing_run& x) {
    const auto like = likeness(x.record.broken.front());
    auto runs = x_.shrink_runs;
    auto plan = x.record.plan;
    auto fails = [&](const std::vector<decision>& decisions) {
      plan.decisions = decisions;
      harness h{plan, x_.options};
      h.step_limit(10 * x.record.turns + 10'000);
      run_(h);
      auto record = h.record();
      auto is_same = !record.broken.empty() && likeness(record.broken.front()) == like;
      if (is_same)
        x.shortest = std::move(record);
      return is_same;
    };
    auto to_breach = x.record;
    cut_to_breach(to_breach);
    shorten(*to_breach.plan.decisions, fails, runs);
    x.is_shortened = !x.shortest.broken.empty();
    if (!x.is_shortened)
      return;
    cut_to_breach(x.shortest);
    x.shortest_file = write(x.shortest, ".shortest.replay");
    out_ << "  shortest schedule that breaks it: " << x.shortest.plan.decisions->size() << " of "
         << x.record.plan.decisions->size() << " decisions, after " << x_.shrink_runs - runs << " runs";
    if (!x.shortest_file.empty())
      out_ << ", in " << x.shortest_file;
    out_ << '\n';
    print_picks(x.shortest);
  }

  /// What was decided after the breach did not cause it.
  static void cut_to_breach(run_record& x) {
    auto& decisions = *x.plan.decisions;
    decisions.resize(std::min(decisions.size(), x.made_at_breach));
    auto picks = std::ranges::count(decisions, decision::kind::pick, &decision::what);
    x.picks_in_words.resize(std::min(x.picks_in_words.size(), static_cast<size_t>(picks)));
  }

  void print_picks(const run_record& x) {
    for (const auto& y : x.plan.decisions.value_or(std::vector<decision>{}))
      if (y.what != decision::kind::pick)
        out_ << "    " << to_string(y) << '\n';
    for (const auto& text : x.picks_in_words)
      out_ << "    " << text << '\n';
  }

  /// @returns the path, or nothing if it was not to be written or cannot be.
  std::string write(const run_record& x, const std::string& ending) {
    if (!x_.writes_files)
      return {};
    const auto* folder = std::getenv("CAFBUS_REPLAY_DIR");
    auto path = (folder ? std::string{folder} + "/" : std::string{}) + x_.name + ".seed-" +
                std::to_string(x.plan.seed) + ending;
    if (auto written = write_replay(path, {x_.name, x.plan}); !written) {
      out_ << written.error().text << '\n';
      return {};
    }
    return path;
  }

  const exploration& x_;
  const scenario& run_;
  std::ostream& out_;
  exploration_result result_;
  uint64_t longest_ = 0;
};

} // namespace

exploration_result explore(const exploration& x, const scenario& run) {
  return explorer{x, run}.explore();
}

std::vector<decision> shorten(std::vector<decision> all, const std::function<bool(const std::vector<decision>&)>& fails,
                              size_t& runs) {
  auto still_fails = [&](const std::vector<decision>& x) {
    if (runs == 0)
      return false;
    --runs;
    return fails(x);
  };
  if (all.empty() || still_fails({}))
    return {};
  for (auto part = (all.size() + 1) / 2;;) {
    auto is_shorter = false;
    for (auto end = all.size(); end > 0 && runs > 0;) { // from the end: what comes later hangs on what was before
      auto begin = end - std::min(end, part);
      auto rest = all;
      rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(begin), rest.begin() + static_cast<std::ptrdiff_t>(end));
      if (!rest.empty() && still_fails(rest)) {
        all = std::move(rest);
        is_shorter = true;
      }
      end = begin;
    }
    if (runs == 0 || (part == 1 && !is_shorter))
      return all;
    part = part > 1 ? (part + 1) / 2 : 1;
  }
}

} // namespace cafbus::testing
