#include "messages/json_grammar.hpp"

#include "config/defaults.hpp"

#include <random>
#include <simdjson.h>
#include <string>
#include <vector>

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::string_literals;

namespace {

constexpr auto max_depth = defaults::max_json_depth;

void check_all(const std::vector<std::string>& texts, bool expected) {
  for (const auto& text : texts) {
    CAF_MESSAGE(text);
    CAF_CHECK_EQUAL(is_json(text, max_depth), expected);
  }
}

std::string nested(size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

/// Random JSON with the values that simdjson can hold, and the same with one byte spoilt.
class random_json {
public:
  explicit random_json(unsigned seed) : engine_{seed} {}

  std::string value(int depth = 0) {
    static const std::vector<std::string> scalars{
        "0",    "-1",    "12.5", "1e5",   "-0.25E-3",           "true",
        "null", "false", "\"\"", "\"k\"", R"("a\"\\\u00e9\n")", "\"\xc3\xa9\""};
    const auto kind = pick(depth < 4 ? 4 : 2);
    if (kind < 2)
      return space() + scalars[pick(scalars.size())] + space();
    const bool object = kind == 2;
    std::string text = object ? "{" : "[";
    const auto items = pick(4);
    for (size_t i = 0; i < items; ++i)
      text += (i == 0 ? "" : ",") + (object ? space() + "\"k\"" + space() + ":" : "") + value(depth + 1);
    return text + (items == 0 ? space() : "") + (object ? "}" : "]");
  }

  std::string spoilt() {
    // without the letter d: an escape must not become half a surrogate pair, which simdjson cannot hold
    static constexpr std::string_view bytes = "{}[],:\"\\u0159-+.eEtrunl \n\t\x01\x80\xff";
    auto text = value();
    const auto at = pick(text.size());
    const auto byte = bytes[pick(bytes.size())];
    switch (pick(3)) {
    case 0:
      text[at] = byte;
      break;
    case 1:
      text.insert(at, 1, byte);
      break;
    default:
      text.erase(at, 1);
    }
    return text;
  }

private:
  size_t pick(size_t n) { return std::uniform_int_distribution<size_t>{0, n - 1}(engine_); }
  std::string space() { return std::string(pick(3) == 0 ? 1 : 0, " \t\n\r"[pick(4)]); }

  std::mt19937 engine_;
};

} // namespace

CAF_TEST(every kind of value is JSON) {
  check_all({"0", "-0", "1.10", "12e3", "1E+2", "1e-2", "true", "false", "null", "\"\"", "[]", "{}", " [ ] ",
             "\t{ }\r\n", R"({"a":[1,{"b":null}],"a":2})", R"([[],[[]],{}])", R"([1 , 2 ])",
             R"("\"\\\/\b\f\n\r\t\u00e9")"},
            true);
}

CAF_TEST(values that a parser cannot hold are JSON all the same) {
  check_all({"1e400", "-1e999999999", "123456789012345678901234567890", "0.1234567890123456789012345678901234567890",
             R"("\ud800")", R"("\udc00\ud800")", R"("\u0000")", R"({"\ud800":1})"},
            true);
}

CAF_TEST(what breaks the grammar is not JSON) {
  check_all({"",          " ",         "NaN",     "Infinity", "-",          "01",          "-01",   "+1",
             "1.",        ".5",        "1e",      "1e+",      "0x10",       "tru",         "truee", "nul",
             "True",      "\"",        "\"abc",   R"("\x")",  R"("\u12")",  R"("\u12g4")", R"("\)", "'a'",
             "[",         "]",         "[1",      "[1,]",     "[,1]",       "[1 2]",       "[1}",   "{",
             "}",         "{]",        "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}",         "{a:1}", "{1:2}",
             "{\"a\" 1}", "{\"a\":1]", "[:]",     "[1:2]",    "{\"a\",1}",  "1 2",         "[] []", "{}x",
             "1,",        "/**/1",     "[1]\f",   "\"a\"b"},
            false);
}

CAF_TEST(a control character in a string is not JSON) {
  for (char c = 0; c < 0x20; ++c)
    CAF_CHECK(!is_json("\"a"s + c + "b\"", max_depth));
  CAF_CHECK(is_json("\"a\x7f"
                    "b\"",
                    max_depth));
}

CAF_TEST(a zero byte ends nothing) {
  CAF_CHECK(!is_json("1\0"s, max_depth));
  CAF_CHECK(!is_json("[1]\0"s, max_depth));
}

CAF_TEST(what is not UTF - 8 is not JSON) {
  check_all(
      {"\"\xff\"", "\"\x80\"", "\"\xc3\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xe2\x82\""},
      false);
  check_all({"\"\xc3\xa9\"", "\"\xe2\x82\xac\"", "\"\xf0\x9f\x98\x80\"", "\"\xef\xbf\xbf\""}, true);
}

CAF_TEST(nesting is allowed up to the limit and not beyond) {
  CAF_CHECK(is_json(nested(max_depth), max_depth));
  CAF_CHECK(!is_json(nested(max_depth + 1), max_depth));
  CAF_CHECK(is_json("1", 0));
  CAF_CHECK(!is_json("[]", 0));
}

CAF_TEST(a megabyte of open brackets is refused and a balanced one taken without recursion) {
  CAF_CHECK(!is_json(std::string(1'048'576, '['), max_depth));
  CAF_CHECK(!is_json(std::string(1'048'576, '['), 1'048'576));
  CAF_CHECK(is_json(nested(524'288), 1'048'576));
}

CAF_TEST(the grammar agrees with simdjson on random text) {
  random_json random{20'261'122};
  simdjson::dom::parser parser;
  size_t accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto text = i % 4 == 0 ? random.value() : random.spoilt();
    const auto error =
        parser.parse(simdjson::padded_string{text}).error(); // with defined bytes behind it, for valgrind
    if (is_json(text, max_depth) != !error) {
      // a spoilt exponent may grow beyond double, and nothing else may differ
      CAF_CHECK(error == simdjson::NUMBER_ERROR);
      CAF_CHECK(text.find_first_of("eE") != std::string::npos);
      CAF_MESSAGE(text);
    }
    accepted += !error;
  }
  CAF_CHECK(accepted > 5'000);
  CAF_CHECK(accepted < 15'000);
}
