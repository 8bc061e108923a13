#include "io/daemon/reloader.hpp"

#include "config/log.hpp"
#include "config/reload.hpp"

#include <algorithm>
#include <caf/scoped_actor.hpp>
#include <spdlog/logger.h>
#include <utility>

namespace cafbus {

namespace {

constexpr auto reach_time = std::chrono::seconds{5}; // for new options to reach the actors
constexpr size_t whole_text = 1'024;                 // of an error; a path may be long

std::string names_of(const std::vector<option_change>& changes) {
  std::string result;
  for (const auto& x : changes)
    result += (result.empty() ? "" : ", ") + x.option;
  return result;
}

} // namespace

reloader::reloader(serve_options running, option_reader reread, bus_actor bus, node_links& links,
                   std::function<void(bus_options&)> limit)
  : running_{std::move(running)}, reread_{std::move(reread)}, bus_{std::move(bus)}, links_{links}, limit_{std::move(
                                                                                                       limit)} {}

reload_result reloader::reload() {
  const auto times = log_limit_.pass(std::chrono::steady_clock::now());
  auto opened = log::reopen();
  if (times && !opened)
    log::bus().warn("log-reopen-failed error={}", log::quoted(opened.error().text, whole_text));
  reload_result result;
  auto wanted = reread_ ? reread_() : loaded_options{running_, {}, {}, {}};
  if (wanted) {
    result = apply(wanted->values);
    result.file = wanted->file;
    if (times)
      log::bus().info("config-reloaded file={} changed={} need-restart={} times={}",
                      log::quoted(result.file, whole_text), log::quoted(names_of(result.changed), whole_text),
                      log::quoted(names_of(result.need_restart), whole_text), *times);
  } else {
    result.error = wanted.error().text;
    if (times)
      log::bus().warn("config-reload-failed error={} times={}", log::quoted(result.error, whole_text), *times);
  }
  if (!opened)
    result.warnings.push_back("the log continues in the old file: " + opened.error().text);
  return result;
}

reload_result reloader::apply(const serve_options& wanted) {
  reload_result result;
  auto plan = plan_reload(running_, wanted);
  auto before = std::exchange(running_, plan.next);
  if (auto fits = links_.check(running_.nodes); !fits) {
    running_.nodes.allow = std::move(before.nodes.allow);
    if (auto moved = std::ranges::find(plan.changed, "node-allow", &option_change::option);
        moved != plan.changed.end()) {
      plan.need_restart.push_back(std::move(*moved));
      plan.changed.erase(moved);
    }
    result.warnings.push_back("node-allow stays as it was: " + fits.error().text);
  }
  result.changed = std::move(plan.changed);
  result.need_restart = std::move(plan.need_restart);
  log::set_level(running_.log_level);
  log::lines_per_second = running_.bus.log_lines;
  auto limits = running_.bus;
  limit_(limits);
  // told only when it holds: who connects after the answer has the new limits
  caf::scoped_actor self{bus_.home_system()};
  self->request(bus_, reach_time, reconfigure{limits, limits.descriptors})
      .receive([](const reconfigured&) {},
               [&](const caf::error&) {
                 result.warnings.push_back("the bus has not confirmed the new options: it is stopping, or very busy");
               });
  if (auto renewed = links_.reload(running_.nodes); !renewed) {
    if (auto times = links_log_limit_.pass(std::chrono::steady_clock::now()))
      log::bus().warn("links-reload-failed error={} times={}", log::quoted(renewed.error().text, whole_text), *times);
    result.warnings.push_back("the old certificates stay in use: " + renewed.error().text);
  }
  return result;
}

} // namespace cafbus
