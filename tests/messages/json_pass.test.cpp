#include "messages/json_pass.hpp"

#include "messages/json_grammar.hpp"
#include "messages/padded_line.hpp"

#include <random>
#include <string>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

constexpr size_t depth = 5;

const std::vector<std::string> seeds{
    R"({"type":"publish","event_type":"t","payload":{"a":[1,2.5e-3,-0,true,false,null,"x\u00e9\"\\"],"b":{}}})",
    R"([[],{},"",0])",
    R"( {"a" : "b\n" , "c":[ { "d" : 1e400 } ] } )",
    R"("\"\\ud800\"")",
    "1",
    "-",
    "{}",
    "[[[[[[]]]]]]",
    "{\"payload\":\"\\\\\",\"x\":\"\u00e4\u20ac\"}",
};

std::string field_text(const json_pass& x) {
  std::string result;
  for (const auto& [key, value] : x.fields())
    result.append(key).append("=").append(value).append(";");
  return result;
}

/// Up to three edits of a byte or a few.
std::string mutated(std::mt19937_64& random) {
  static const std::string bytes = "{}[]:,\"\\ \t\n\r0123456789.eE+-truefalsnul/bu\x01\x0c\x1a\x7f\xc3\xa4\xff";
  const auto draw = [&](size_t n) { return static_cast<size_t>(random() % n); };
  auto text = seeds[draw(seeds.size())];
  for (auto edits = draw(4); edits > 0 && !text.empty(); --edits) {
    const auto place = draw(text.size());
    const auto choice = draw(4);
    if (choice == 0)
      text[place] = bytes[draw(bytes.size())];
    else if (choice == 1)
      text.insert(place, 1, bytes[draw(bytes.size())]);
    else if (choice == 2)
      text.erase(place, 1 + draw(3));
    else
      text.insert(place, seeds[draw(seeds.size())].substr(0, draw(10)));
  }
  return text;
}

} // namespace

CAF_TEST(the fields of an object come out as they are written) {
  json_pass testee;
  const padded_line line{R"( {"a": 1 ,"b":{"c": [ ] }, "d\u0041":"x y"  } )"};
  CAF_REQUIRE(testee.matches(line, depth));
  CAF_CHECK_EQUAL(field_text(testee), R"(a=1;b={"c": [ ] };d\u0041="x y";)");
  CAF_CHECK(testee.has_escapes());
}

CAF_TEST(what is no object has no fields) {
  json_pass testee;
  CAF_CHECK(testee.matches(padded_line{R"([{"a":1}])"}, depth));
  CAF_CHECK_EQUAL(field_text(testee), "");
  CAF_CHECK(!testee.has_escapes());
}

CAF_TEST(nesting passes up to the depth that is asked for) {
  json_pass testee;
  for (size_t n = 1; n < 10; ++n) {
    const auto text = std::string(n, '[') + std::string(n, ']');
    for (size_t most = 0; most < 10; ++most)
      CAF_CHECK_EQUAL(testee.matches(padded_line{text}, most), n <= most);
  }
}

CAF_TEST(it agrees with the grammar on a hundred thousand mutations) {
  std::mt19937_64 random{20261125};
  json_pass testee;
  size_t good = 0;
  for (int i = 0; i < 100'000; ++i) {
    const auto text = mutated(random);
    const auto expected = is_json(text, depth);
    const padded_line line{text};
    if (testee.matches(line, depth) != expected)
      CAF_FAIL("differs from the grammar: " << text);
    if (!expected)
      continue;
    ++good;
    for (const auto& [key, value] : testee.fields())
      if (!is_json('"' + std::string{key} + '"', depth) || !is_json(value, depth))
        CAF_FAIL("a field that is no JSON: " << text);
  }
  CAF_CHECK(good > 10'000);
}

CAF_TEST(a short text after a long one is read by itself) {
  json_pass testee;
  CAF_CHECK(testee.matches(padded_line{'"' + std::string(1'000'000, 'x') + '"'}, depth));
  testee.trim();
  CAF_CHECK(testee.matches(padded_line{"{}"}, depth));
  CAF_CHECK(!testee.matches(padded_line{""}, depth));
}
