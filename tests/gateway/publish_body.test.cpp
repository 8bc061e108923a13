#include "gateway/publish_body.hpp"

#include "config/defaults.hpp"
#include "gateway/limits.hpp"

#include <nlohmann/json.hpp>

#include <caf/test/unit_test.hpp>

using namespace cafbus::http;

namespace {

nlohmann::json report(const publish_body& x, const cafbus::publish_ack& totals = {}) {
  return nlohmann::json::parse(publish_report(totals, x));
}

} // namespace

CAF_TEST(each line is an event and those that are none are told by number) {
  auto x = read_publish_body("{\"event_type\":\"a\",\"payload\":1}\n\nno\r\n{\"event_type\":\"b\",\"payload\":2}", "");
  CAF_CHECK_EQUAL(x.frames.size(), 2u);
  CAF_CHECK_EQUAL(x.rejected, 1u);
  CAF_CHECK(report(x)["rejected_lines"][0]["line"] == 3);
}

CAF_TEST(with a type each line is a payload) {
  auto x = read_publish_body("1\n{\"a\":1.10}\n", "k");
  CAF_REQUIRE_EQUAL(x.frames.size(), 2u);
  CAF_CHECK(x.frames[1].find("{\"a\":1.10}") != std::string::npos);
}

CAF_TEST(few rejected lines are told and all are counted) {
  std::string body;
  for (int i = 0; i < 100; ++i)
    body += "no\n";
  auto told = report(read_publish_body(body, ""), {3, 2, 1, {}, {}});
  CAF_CHECK_EQUAL(told["rejected_lines"].size(), limits::lines_told);
  CAF_CHECK_EQUAL(told["rejected"], 101);
  CAF_CHECK_EQUAL(told["accepted"], 3);
  CAF_CHECK_EQUAL(told["duplicates"], 2);
}

CAF_TEST(a line beyond the limit is rejected whether it ends or not ) {
  std::string big(cafbus::defaults::max_frame_bytes, 'x');
  for (const auto& body : {"1\n" + big, "1\n" + big + "\n1\n"}) {
    auto x = read_publish_body(body, "k");
    CAF_CHECK_EQUAL(x.rejected, 1u);
    CAF_CHECK(report(x)["rejected_lines"][0]["line"] == 2);
    CAF_CHECK_EQUAL(x.frames.size(), body.size() > big.size() + 2 ? 2u : 1u);
  }
}

CAF_TEST(bytes that are not UTF - 8 do not reach the answer) {
  CAF_CHECK(report(read_publish_body("\xff\xfe\n", ""))["rejected"] == 1);
}
