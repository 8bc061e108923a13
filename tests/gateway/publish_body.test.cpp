#include "gateway/publish_body.hpp"

#include "config/defaults.hpp"
#include "gateway/limits.hpp"

#include <nlohmann/json.hpp>

#include <caf/test/unit_test.hpp>

using namespace cafbus::http;

namespace {

using frames = std::vector<std::string>;

frames frames_of(publish_body& x) {
  frames all;
  for (; !x.frame().empty(); x.advance())
    all.emplace_back(x.frame());
  return all;
}

nlohmann::json report(const publish_body& x, const cafbus::publish_ack& totals = {}) {
  return nlohmann::json::parse(publish_report(totals, x));
}

} // namespace

CAF_TEST(each line is an event and those that are none are told by number) {
  publish_body x{"{\"event_type\":\"a\",\"payload\":1}\n\nno\r\n{\"event_type\":\"b\",\"payload\":2}", ""};
  CAF_CHECK_EQUAL(frames_of(x).size(), 2u);
  CAF_CHECK_EQUAL(x.rejected(), 1u);
  CAF_CHECK(report(x)["rejected_lines"][0]["line"] == 3);
}

CAF_TEST(with a type each line is a payload) {
  publish_body x{"1\n{\"a\":1.10}\n", "k"};
  auto all = frames_of(x);
  CAF_REQUIRE_EQUAL(all.size(), 2u);
  CAF_CHECK(all[1].find("{\"a\":1.10}") != std::string::npos);
}

CAF_TEST(few rejected lines are told and all are counted) {
  std::string body;
  for (int i = 0; i < 100; ++i)
    body += "no\n";
  publish_body x{body, ""};
  CAF_CHECK(x.frame().empty());
  auto told = report(x, {3, 2, 1, {}, {}});
  CAF_CHECK_EQUAL(told["rejected_lines"].size(), limits::lines_told);
  CAF_CHECK_EQUAL(told["rejected"], 101);
  CAF_CHECK_EQUAL(told["accepted"], 3);
  CAF_CHECK_EQUAL(told["duplicates"], 2);
}

CAF_TEST(a line beyond the limit is rejected whether it ends or not ) {
  std::string big(cafbus::defaults::max_frame_bytes, 'x');
  for (const auto& body : {"1\n" + big, "1\n" + big + "\n1\n"}) {
    publish_body x{body, "k"};
    CAF_CHECK_EQUAL(frames_of(x).size(), body.size() > big.size() + 2 ? 2u : 1u);
    CAF_CHECK_EQUAL(x.rejected(), 1u);
    CAF_CHECK(report(x)["rejected_lines"][0]["line"] == 2);
  }
}

CAF_TEST(bytes that are not UTF - 8 do not reach the answer) {
  CAF_CHECK(report(publish_body{"\xff\xfe\n", ""})["rejected"] == 1);
}

CAF_TEST(a line becomes a frame when it is its turn) {
  publish_body x{"1\nno\n2\n", "k"};
  CAF_CHECK_EQUAL(std::string{x.frame()}, R"({"type":"publish","event_type":"k","payload":1})");
  CAF_CHECK_EQUAL(x.rejected(), 0u);
  x.advance();
  CAF_CHECK_EQUAL(std::string{x.frame()}, R"({"type":"publish","event_type":"k","payload":2})");
  CAF_CHECK_EQUAL(x.rejected(), 1u);
  x.advance();
  CAF_CHECK(x.frame().empty());
}
