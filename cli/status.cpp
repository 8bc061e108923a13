#include "base/signals.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/option_flags.hpp"
#include "cli/status_check.hpp"
#include "cli/status_text.hpp"
#include "io/daemon/instance.hpp"
#include "messages/bus_metrics.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <ctime>
#include <memory>

namespace cafbus {

namespace {

/// Beside the states of `instance_state`: it runs, and one of its sources is not connected.
constexpr const char* degraded = "degraded";
constexpr timespec refresh_interval{1, 0};
constexpr auto replace_bad_text = nlohmann::json::error_handler_t::replace;

struct status_flags {
  option_flags common;
  bool json = false;
  bool all = false;
  bool watch = false;
  bool prometheus = false;
  bool check = false;
  std::vector<std::string> fail_on;
};

struct app_status {
  std::string app;
  std::string socket;
  instance_view view;

  bool is_degraded() const {
    return std::ranges::any_of(view.status.sources, [](const auto& x) { return x.state != source_state::connected; });
  }
  bool is(const std::string& state) const {
    return state == to_string(view.state) || (state == degraded && is_degraded());
  }
};

result<void> check_states(const std::vector<std::string>& states) {
  for (const auto& state : states) {
    auto known = state == degraded;
    for (int i = 0; i <= static_cast<int>(instance_state::unknown); ++i)
      known |= state == to_string(static_cast<instance_state>(i));
    if (!known)
      return failure{failure_kind::invalid, "--fail-on: there is no state '" + state + "'; allowed: " + known_states()};
  }
  return {};
}

/// The bus's own answer where there is one, so that nothing in it is lost on the way, and what it means.
std::string json_text(const app_status& x) {
  if (!x.view.line.empty()) {
    auto why = nlohmann::ordered_json(explain(x.view.status)).dump(-1, ' ', true, replace_bad_text);
    return x.view.line.substr(0, x.view.line.rfind('}')) + ",\"why\":" + why + '}';
  }
  nlohmann::ordered_json result{{"app", x.app}, {"state", to_string(x.view.state)}, {"socket", x.socket}};
  if (x.view.pid != 0)
    result["pid"] = x.view.pid;
  result["message"] = x.view.message;
  return result.dump(-1, ' ', true, replace_bad_text);
}

std::string json_text(const std::vector<app_status>& apps) {
  std::string result;
  for (const auto& x : apps)
    result += (result.empty() ? "" : ",") + json_text(x);
  return "{\"apps\":[" + result + "]}";
}

std::string words(instance_state x) {
  std::string result = x == instance_state::stale ? "stale files" : to_string(x);
  std::ranges::replace(result, '_', ' ');
  return result;
}

std::string one_text(const app_status& x) {
  return x.view.line.empty() ? words(x.view.state) + '\n' : status_text(x.view.status);
}

std::string all_text(const std::vector<app_status>& apps, const std::string& base) {
  if (apps.empty())
    return "no app in " + plain(base) + " has or had a bus\n";
  std::vector<std::array<std::string, 5>> rows{{"APP", "STATE", "PID", "CONSUMERS", "EVENTS"}};
  for (const auto& x : apps) {
    auto answered = !x.view.line.empty();
    auto state = words(x.view.state) + (x.is_degraded() ? " (degraded)" : "");
    rows.push_back({x.app, state, x.view.pid == 0 ? "-" : std::to_string(x.view.pid),
                    answered ? std::to_string(x.view.status.active_conns) : "-",
                    answered && counts_events(x.view.status) ? std::to_string(x.view.status.counters.ingress) : "-"});
  }
  std::array<size_t, 5> widths{};
  for (const auto& row : rows)
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  std::string result;
  for (const auto& row : rows) {
    for (size_t i = 0; i + 1 < row.size(); ++i)
      result += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    result += row.back() + '\n';
  }
  return result;
}

std::string metrics_text(const std::vector<app_status>& all) {
  std::vector<observed_bus> buses;
  std::vector<std::string> apps;
  for (const auto& x : all) {
    buses.push_back({x.app, x.view.line.empty() ? nullptr : &x.view.status});
    apps.push_back(x.app);
  }
  metrics_page page;
  add_buses(page, buses);
  return page.end(apps);
}

/// One look at everything that was asked for.
class status_run {
public:
  status_run(const status_flags& flags, app_paths own) : flags_(flags), own_(std::move(own)) {}

  /// @returns an exit code: whether it could be printed.
  int look_and_print(bool clear) {
    apps_.clear();
    for (const auto& paths : flags_.all ? find_apps(own_.base) : std::vector{own_})
      apps_.push_back({paths.dir.substr(paths.dir.rfind('/') + 1), paths.socket, look_at(paths)});
    if (auto code = print((clear ? "\033[H\033[2J" : "") + text()); code != exit_code::done)
      return code;
    if (!flags_.json && !flags_.prometheus)
      for (const auto& x : apps_)
        if (!x.view.message.empty() && (!flags_.all || is_trouble(x.view.state)))
          say((flags_.all ? x.app + ": " : "") + x.view.message);
    if (flags_.check)
      check();
    return exit_code::done;
  }

  int code() const {
    if (sums_wrong_)
      return exit_code::usage;
    auto asked = [this](const app_status& x) {
      return std::ranges::any_of(flags_.fail_on, [&x](const auto& state) { return x.is(state); });
    };
    if (!flags_.fail_on.empty())
      return std::ranges::any_of(apps_, asked) ? exit_code::usage : exit_code::done;
    return flags_.all || apps_[0].view.state == instance_state::running ||
                   apps_[0].view.state == instance_state::stopping
               ? exit_code::done
               : exit_code::failed;
  }

private:
  std::string text() const {
    if (flags_.prometheus)
      return metrics_text(apps_);
    if (flags_.json)
      return (flags_.all ? json_text(apps_) : json_text(apps_[0])) + '\n';
    return flags_.all ? all_text(apps_, own_.base) : one_text(apps_[0]);
  }

  void check() {
    for (const auto& x : apps_) {
      if (x.view.line.empty())
        continue;
      auto wrong = unaccounted(x.view.status);
      for (const auto& line : wrong)
        say((flags_.all ? x.app + ": " : "") + line);
      if (wrong.empty())
        say((flags_.all ? x.app + ": " : "") + "every event is accounted for");
      sums_wrong_ |= !wrong.empty();
    }
  }

  static bool is_trouble(instance_state x) {
    return x == instance_state::orphan || x == instance_state::unresponsive || x == instance_state::unknown;
  }

  const status_flags& flags_;
  app_paths own_;
  std::vector<app_status> apps_;
  bool sums_wrong_ = false; // at any look so far
};

/// Looks again every second until a signal comes, its reader has gone or its output cannot be written.
int watch(status_run& run) {
  auto ends = block_signals({SIGINT, SIGTERM, SIGHUP});
  auto clear = ::isatty(STDOUT_FILENO) == 1;
  for (;;) {
    if (auto code = run.look_and_print(clear); code != exit_code::done)
      return code;
    if (!wait_while_read(std::chrono::nanoseconds{0}) || ::sigtimedwait(&ends, nullptr, &refresh_interval) >= 0)
      return run.code();
  }
}

int run_status(const status_flags& flags) {
  if (auto checked = check_states(flags.fail_on); !checked)
    return complain(exit_code::usage, checked.error().text);
  if (flags.prometheus && (flags.json || flags.watch))
    return complain(exit_code::usage, "--prometheus goes with neither --json nor --watch");
  auto located = flags.common.locate();
  if (!located)
    return complain(exit_code::usage, located.error().text);
  status_run run{flags, *located};
  if (flags.watch)
    return watch(run);
  auto printed = run.look_and_print(false);
  return printed == exit_code::done ? run.code() : printed;
}

} // namespace

std::string known_states() {
  std::string result;
  for (int i = 0; i <= static_cast<int>(instance_state::unknown); ++i)
    result += std::string{to_string(static_cast<instance_state>(i))} + ", ";
  return result + degraded;
}

void add_status(CLI::App& program, command& chosen) {
  auto* sub =
      program.add_subcommand("status", "Show the state of the bus, its consumers, and why events do not arrive");
  auto flags = std::make_shared<status_flags>();
  flags->common.add_to(*sub, false);
  sub->add_flag("--json", flags->json, "Print the bus's answer as JSON, with `why`: reasons why events may not arrive");
  sub->add_flag("--all", flags->all, "Show all apps in --dir that have or had a bus");
  sub->add_option("--fail-on", flags->fail_on,
                  "Exit with 2 if the state is one of these, else with 0: " + known_states())
      ->type_name("STATE[,STATE]")
      ->delimiter(',')
      ->allow_extra_args(false);
  sub->add_flag("--check", flags->check,
                "Check that the counters add up, for the bus and for each consumer; exit with 2 if they do not");
  sub->add_flag("--watch", flags->watch,
                "Refresh every second until a signal, or until the reader of its output has gone");
  sub->add_flag("--prometheus", flags->prometheus,
                "Print metrics in Prometheus's text format, as `cafbus http` serves them; without --json and --watch");
  sub->footer("Exit codes: 0 the bus is running (with --all or --fail-on: always, unless 2);\n"
              "1 it is not; 2 --fail-on or --check found something, or wrong usage; 4 the\n"
              "status could not be printed.\n"
              "\n"
              "Examples:\n"
              "  cafbus status --watch\n"
              "  cafbus status --all --prometheus >cafbus.prom\n"
              "  cafbus status --json --fail-on not_running,stale,orphan,unresponsive,degraded");
  sub->callback([flags, &chosen] { chosen = [flags] { return run_status(*flags); }; });
}

} // namespace cafbus
