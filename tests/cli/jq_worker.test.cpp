#include "cli/jq_worker.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

/// Nobody's patience: what fails to come ends the test.
constexpr auto long_enough = 60s;

jq_worker started(std::string text, std::chrono::nanoseconds limit = long_enough) {
  auto worker = jq_worker::start({.text = std::move(text)}, limit);
  if (!worker)
    CAF_FAIL("not started: " << worker.error().text);
  return std::move(*worker);
}

std::string answer(jq_worker& worker, std::string_view json) {
  worker.submit(json);
  auto outcome = worker.wait(long_enough);
  if (!outcome)
    return "NO ANSWER";
  if (!outcome->error.empty())
    return "FAILED: " + outcome->error;
  std::string text;
  for (const auto& x : outcome->results)
    text += x.value_or("INPUT") + ';';
  return text;
}

} // namespace

CAF_TEST(each event has its answer) {
  auto worker = started(".a, .b");
  for (int i = 0; i < 100; ++i)
    CAF_CHECK_EQUAL(answer(worker, R"({"a":)" + std::to_string(i) + '}'), std::to_string(i) + ";null;");
  CAF_CHECK(!worker.busy());
}

CAF_TEST(an event larger than a socket holds goes through) {
  auto worker = started("., length");
  auto text = '"' + std::string(980'000, 'x') + '"';
  CAF_CHECK_EQUAL(answer(worker, text), text + ";980000;");
}

CAF_TEST(a program that cannot be compiled is not started) {
  auto worker = jq_worker::start({.text = "foo"}, long_enough);
  CAF_REQUIRE(!worker);
  CAF_CHECK_EQUAL(worker.error().text, "foo/0 is not defined at <top-level>, line 1");
}

CAF_TEST(a program that never ends costs one event) {
  auto worker = started("if . == 0 then last(recurse(.)) else . end", 300ms);
  CAF_CHECK_EQUAL(answer(worker, "0"), "FAILED: it took longer than 300ms");
  CAF_CHECK(!worker.busy());
  CAF_CHECK_EQUAL(answer(worker, "1"), "1;");
}

CAF_TEST(a program that is not needed any more gets some time to end) {
  auto worker = started("if . == 0 then last(recurse(.)) else . end");
  worker.submit("0");
  CAF_CHECK(!worker.wait(1ms));
  worker.hurry(50ms);
  CAF_REQUIRE(worker.due());
  auto outcome = worker.wait(long_enough);
  CAF_REQUIRE(outcome);
  CAF_CHECK_EQUAL(outcome->error, "it was ended with this run");
}

CAF_TEST(an event in hand is awaited without its answer being lost) {
  auto worker = started(". + 1");
  worker.submit("1");
  auto outcome = worker.wait(0s);
  while (!outcome)
    outcome = worker.wait(1ms);
  CAF_REQUIRE_EQUAL(outcome->results.size(), 1u);
  CAF_CHECK_EQUAL(outcome->results[0].value_or(""), "2");
}
