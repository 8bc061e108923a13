#include "config/log_callback.hpp"

#include "config/log.hpp"

#include <spdlog/logger.h>

#include <algorithm>
#include <stdexcept>
#include <thread>

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using log::severity;

namespace {

using field_list = std::vector<std::pair<std::string, std::string>>;

/// An entry whose text is its own.
struct copy {
  severity level;
  std::string component;
  std::string event;
  field_list fields;
};

struct fixture {
  std::vector<copy> lines; // of the log's thread until the log has ended
  std::thread::id caller;

  ~fixture() { log::end_callback(); }

  log::callback take() {
    return [this](const log::entry& x) {
      caller = std::this_thread::get_id();
      CAF_CHECK(!x.time.empty());
      lines.push_back({x.level, std::string{x.component}, std::string{x.event}, x.fields});
    };
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(log_callback_tests, fixture)

CAF_TEST(a callback gets what a line says) {
  CAF_REQUIRE(log::to_callback(take()));
  log::hub().info("consumer-came pid={} key={}", 7, log::quoted("a \"key\" = x\n"));
  log::bus().warn("bus-stopping");
  log::end_callback();
  CAF_REQUIRE_EQUAL(lines.size(), 2u);
  CAF_CHECK(lines[0].level == severity::info);
  CAF_CHECK_EQUAL(lines[0].component, "hub");
  CAF_CHECK_EQUAL(lines[0].event, "consumer-came");
  CAF_CHECK((lines[0].fields == field_list{{"pid", "7"}, {"key", "a \"key\" = x\n"}}));
  CAF_CHECK(lines[1].level == severity::warn);
  CAF_CHECK_EQUAL(lines[1].event, "bus-stopping");
  CAF_CHECK(lines[1].fields.empty());
  CAF_CHECK(caller != std::this_thread::get_id());
}

CAF_TEST(a callback gets lines of its level and above) {
  for (auto least : {severity::trace, severity::debug, severity::info, severity::warn, severity::error}) {
    lines.clear();
    CAF_REQUIRE(log::to_callback(take(), least));
    log::hub().trace("a");
    log::hub().debug("a");
    log::hub().info("a");
    log::hub().warn("a");
    log::hub().error("a");
    log::end_callback();
    CAF_REQUIRE_EQUAL(lines.size(), 5u - static_cast<size_t>(least));
    CAF_CHECK(lines.front().level == least);
  }
}

CAF_TEST(what a callback throws costs no other line) {
  CAF_REQUIRE(log::to_callback([this](const log::entry& x) {
    lines.push_back({x.level, "", std::string{x.event}, {}});
    if (x.event == "one")
      throw std::runtime_error{"no"};
    throw 2;
  }));
  log::hub().info("one");
  log::hub().info("two");
  log::end_callback();
  CAF_CHECK_EQUAL(lines.size(), 2u);
}

CAF_TEST(nothing is called once the callback has ended) {
  CAF_REQUIRE(log::to_callback(take()));
  log::end_callback();
  log::hub().error("late");
  CAF_CHECK(lines.empty());
}

CAF_TEST(no function is no callback) {
  auto none = log::to_callback(nullptr);
  CAF_REQUIRE(!none);
  CAF_CHECK(none.error().kind == failure_kind::invalid);
}

CAF_TEST_FIXTURE_SCOPE_END()
