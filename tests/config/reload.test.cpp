#include "config/reload.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

serve_options with(std::initializer_list<std::pair<const char*, const char*>> values) {
  serve_options result;
  for (const auto& [name, value] : values)
    CAF_CHECK(find_option(name)->set(result, value));
  return result;
}

using names = std::vector<std::string>;

names names_of(const std::vector<option_change>& changes) {
  names result;
  for (const auto& x : changes)
    result.push_back(x.option);
  return result;
}

} // namespace

CAF_TEST(without a difference nothing changes) {
  auto options = with({{"idle-timeout", "1s"}, {"source", "exec:x"}});
  auto plan = plan_reload(options, options);
  CAF_CHECK(plan.changed.empty());
  CAF_CHECK(plan.need_restart.empty());
}

CAF_TEST(what can change is taken over and the rest stays) {
  auto plan = plan_reload(with({{"queue-capacity", "5"}, {"dir", "/a"}}),
                          with({{"queue-capacity", "6"}, {"dir", "/b"}, {"log-level", "debug"}, {"source", "exec:x"}}));
  CAF_CHECK_EQUAL(names_of(plan.changed), (names{"queue-capacity", "log-level"}));
  CAF_CHECK_EQUAL(names_of(plan.need_restart), (names{"dir", "source"}));
  CAF_CHECK_EQUAL(plan.next.bus.queue_capacity, 6u);
  CAF_CHECK_EQUAL(plan.next.log_level, "debug");
  CAF_CHECK_EQUAL(plan.next.dir, "/a");
  CAF_CHECK(plan.next.sources.empty());
}

CAF_TEST(a change has the value before and the one after it) {
  auto plan = plan_reload(with({{"idle-timeout", "never"}}), with({{"idle-timeout", "1m"}, {"source", "exec:x"}}));
  CAF_CHECK(plan.changed == (std::vector{option_change{"idle-timeout", "never", "1min"}}));
  CAF_CHECK(plan.need_restart == (std::vector{option_change{"source", "", "exec:x"}}));
}

CAF_TEST(an option that is no longer set goes back to its default) {
  auto plan = plan_reload(with({{"idle-timeout", "never"}, {"drain", "0"}}), serve_options{});
  CAF_CHECK_EQUAL(names_of(plan.changed), (names{"idle-timeout", "drain"}));
  CAF_CHECK(plan.next.bus.idle_timeout == defaults::idle_timeout);
  CAF_CHECK(plan.next.bus.drain_timeout == defaults::drain_timeout);
}

CAF_TEST(every option but these can change) {
  names fixed;
  for (const auto& x : option_table())
    if (!x.reloadable)
      fixed.push_back(x.name);
  CAF_CHECK_EQUAL(fixed,
                  (names{"app", "dir", "source", "source-retries", "start-sources", "positions", "source-max-silence",
                         "max-json-depth", "dedup-capacity", "log-to", "log-format", "node-listen", "link-grace",
                         "node-certificate", "node-key", "node-ca", "insecure-network"}));
}
