#include "config/log_line.hpp"

#include "config/quoted.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using log::field;

namespace {

std::vector<field> fields_of(const std::string& text) {
  return log::take_apart(text).fields;
}

std::string json_of(const std::string& text) {
  return log::to_line({"2026-11-22T11:30:38.123+00:00", "info", "bus", text}, log::format::json);
}

constexpr const char* line_begin =
    R"({"time":"2026-11-22T11:30:38.123+00:00","level":"info","component":"bus","event":)";

} // namespace

CAF_TEST(a line is an event and its fields) {
  auto x = log::take_apart(R"(bus-started app="a b" pid=7 first=true)");
  CAF_CHECK_EQUAL(x.event, "bus-started");
  CAF_CHECK(x.fields == (std::vector<field>{{"app", "a b", true}, {"pid", "7"}, {"first", "true"}}));
  CAF_CHECK_EQUAL(log::take_apart("alone").event, "alone");
  CAF_CHECK(fields_of("alone").empty());
  CAF_CHECK(fields_of("").empty());
}

CAF_TEST(quoted text becomes what it was) {
  std::string all;
  for (int i = 0; i < 256; ++i)
    all += static_cast<char>(i);
  CAF_CHECK(fields_of("x k=" + log::quoted(all, all.size()) + " n=1") ==
            (std::vector<field>{{"k", all, true}, {"n", "1"}}));
  CAF_CHECK(fields_of("x k=" + log::quoted("a=b c=\"d\"") + " n=1") ==
            (std::vector<field>{{"k", "a=b c=\"d\"", true}, {"n", "1"}}));
}

CAF_TEST(text that was cut ends with dots) {
  CAF_CHECK(fields_of("x k=" + log::quoted("abcdef", 3) + " n=1") ==
            (std::vector<field>{{"k", "abc...", true}, {"n", "1"}}));
}

CAF_TEST(words without a key belong to the field before them) {
  CAF_CHECK(fields_of("x k=a b \"c=d\" n=1") == (std::vector<field>{{"k", "a b \"c=d\""}, {"n", "1"}}));
  CAF_CHECK(fields_of("x some words") == (std::vector<field>{{"text", "some words", true}}));
}

CAF_TEST(a line that breaks off in an escape is taken as far as it goes) {
  for (auto text : {"x k=\"", "x k=\"\\", "x k=\"\\x", "x k=\"\\x4", "x k=\"\\xzz", "x k=", "x =", "x ="}) {
    CAF_CHECK_EQUAL(log::take_apart(text).event, "x");
    CAF_CHECK_EQUAL(fields_of(text).size(), 1u);
  }
}

CAF_TEST(a line as JSON is one object with numbers and booleans as such) {
  CAF_CHECK_EQUAL(json_of("consumer-joined pid=7 key=\"7\" first=true at=1.5 id=-3"),
                  line_begin +
                      std::string{R"("consumer-joined","fields":{"pid":7,"key":"7","first":true,"at":"1.5","id":-3}})"
                                  "\n"});
}

CAF_TEST(a number that others would round stays text) {
  CAF_CHECK_EQUAL(json_of("x a=9007199254740993 b=007 c=99999999999999999999"),
                  line_begin +
                      std::string{R"("x","fields":{"a":"9007199254740993","b":"007","c":"99999999999999999999"}})"
                                  "\n"});
}

CAF_TEST(a line as JSON is ASCII on one line whatever a peer sends) {
  auto line = json_of("x k=" + log::quoted("\n\x1b\xff\xc3\xa4") + " raw=a\nb");
  CAF_CHECK_EQUAL(line, line_begin + std::string{R"("x","fields":{"k":"\n\u001b\ufffd\u00e4","raw":"a\nb"}})"
                                                 "\n"});
}

CAF_TEST(a journal entry has a field for each key) {
  auto entry = log::to_journal({"t", "warning", "conn", "events-dropped half-open=3 key=\"a\\nb\""}, "shop");
  CAF_CHECK(entry ==
            (std::vector<std::string>{"MESSAGE=events-dropped half-open=3 key=\"a\\nb\"", "PRIORITY=4",
                                      "SYSLOG_IDENTIFIER=cafbus", "CAFBUS_APP=shop", "CAFBUS_COMPONENT=conn",
                                      "CAFBUS_EVENT=events-dropped", "CAFBUS_HALF_OPEN=3", "CAFBUS_KEY=a\nb"}));
}

CAF_TEST(what a line says of itself cannot be replaced by a key) {
  auto entry = log::to_journal({"t", "error", "bus", "x app=evil event=evil component=evil"}, "shop");
  CAF_CHECK_EQUAL(entry.size(), 6u);
  for (const auto& field : entry)
    CAF_CHECK(field.starts_with("MESSAGE=") || field.find("=evil") == std::string::npos);
}

CAF_TEST(names in the journal are at most 64 letters and digits) {
  auto entry = log::to_journal({"t", "debug", "bus", "x " + std::string(100, 'k') + "=1 \xc3\xa4=2"}, "a");
  CAF_CHECK_EQUAL(entry[1], "PRIORITY=7");
  CAF_CHECK_EQUAL(entry[6], "CAFBUS_" + std::string(57, 'K') + "=1");
  CAF_CHECK_EQUAL(entry[7], "CAFBUS___=2");
}
