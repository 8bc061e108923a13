#include "actors/compiled_filter.hpp"

#include "messages/filter_text.hpp"
#include "support/batches.hpp"

#include <caf/test/dsl.hpp>

using namespace cafbus;

namespace {

struct fixture {
  event_batch_ptr batch;
  payload_reader reader;

  static compiled_filter compiled(const std::string& text) {
    auto filter = parse_filter(text);
    if (!filter)
      CAF_FAIL(filter.error().text);
    return compiled_filter{*filter};
  }

  void open(const std::string& payload) {
    batch = make_batch({{"t", "", payload}});
    CAF_REQUIRE(reader.open(*batch, 0));
  }

  verdict judge(const std::string& text, const std::string& payload) {
    open(payload);
    return compiled(text).judge(reader);
  }

  std::string why(const std::string& text, const std::string& payload) {
    open(payload);
    return compiled(text).why_unknown(reader);
  }

  void yes(const std::string& text, const std::string& payload) { CAF_CHECK_EQUAL(word(judge(text, payload)), "yes"); }
  void no(const std::string& text, const std::string& payload) { CAF_CHECK_EQUAL(word(judge(text, payload)), "no"); }
  void unknown(const std::string& text, const std::string& payload) {
    CAF_CHECK_EQUAL(word(judge(text, payload)), "unknown");
  }

  static std::string word(verdict x) { return x == verdict::yes ? "yes" : x == verdict::no ? "no" : "unknown"; }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(compiled_filter_tests, fixture)

CAF_TEST(strings are compared without their escapes and by their bytes) {
  yes(R"(/action == "opened")", R"({"action":"opened"})");
  yes(R"(/action == "opened")", R"({"action":"\u006fpened"})");
  no(R"(/action == "opened")", R"({"action":"opene"})");
  yes(R"(/action != "opened")", R"({"action":"closed"})");
  yes(R"(/a < "b")", R"({"a":"abc"})");
  yes(R"(/a > "Z")", R"({"a":"a"})");
  yes("/a > \"z\"", "{\"a\":\"\xc3\xa4\"}");
  no(R"(/a < "b")", R"({"a":"b"})");
}

CAF_TEST(integers are compared exactly and other numbers as doubles) {
  yes("/n == 9007199254740993", R"({"n":9007199254740993})");
  no("/n == 9007199254740993", R"({"n":9007199254740992})");
  yes("/n > 9223372036854775807", R"({"n":18446744073709551615})");
  yes("/n < 18446744073709551615", R"({"n":-9223372036854775808})");
  no("/n == 18446744073709551615", R"({"n":-1})");
  yes("/n == 1", R"({"n":1.0})");
  yes("/n == 1.5", R"({"n":15e-1})");
  yes("/n < 0.5", R"({"n":0})");
  yes("/n > 1e19", R"({"n":1e20})");
  yes("/n > 1e20", R"({"n":184467440737095516160.0})");
  yes("/n > 0.12", R"({"n":0.1234567890123456789012345})");
  yes("/n > 18446744073709551615", R"({"n":184467440737095516160})");
}

CAF_TEST(true and false and null are equal to themselves alone) {
  yes("/a == true", R"({"a":true})");
  no("/a == true", R"({"a":false})");
  yes("/a == null", R"({"a":null})");
  yes("/a != null", R"({"a":[]})");
  no("/a == null", R"({"a":{}})");
}

CAF_TEST(values of different kinds are unequal and have no order) {
  no("/a == 5", R"({"a":"5"})");
  yes("/a != 5", R"({"a":"5"})");
  no("/a in [1, 5]", R"({"a":"5"})");
  unknown("/a < 5", R"({"a":"5"})");
  unknown("/a > \"5\"", R"({"a":5})");
  unknown("/a < 5", R"({"a":null})");
  unknown("/a < 5", R"({"a":[1]})");
}

CAF_TEST(one of a list is enough) {
  yes(R"(/a in ["x", 3, null])", R"({"a":3.0})");
  yes(R"(/a in ["x", 3, null])", R"({"a":null})");
  yes(R"(/a in ["x", 3, null])", R"({"a":"x"})");
  no(R"(/a in ["x", 3, null])", R"({"a":4})");
  no(R"(/a in ["x", 3, null])", R"({"a":[3]})");
}

CAF_TEST(a member that is missing can be judged by exists alone) {
  yes("/a exists", R"({"a":null})");
  no("/b exists", R"({"a":1})");
  for (const auto* filter : {"/b == 1", "/b != 1", "/b < 1", "/b > 1", "/b in [1]", "/a/b == 1", "/a/0 == 1"})
    unknown(filter, R"({"a":1})");
  no("/a/b exists", R"({"a":"b"})");
}

CAF_TEST(a pointer leads through objects and lists) {
  const auto payload = R"({"x":{"deep":[{"k":1},{"k":[[]," a"]}]},"y":2})";
  yes("/x/deep/0/k == 1", payload);
  yes("/x/deep/1/k/1 == \" a\"", payload);
  yes("/y == 2", payload);
  for (const auto* filter : {"/x/deep/2 exists", "/x/deep/00 exists", "/x/deep/- exists", "/x/deep/+1 exists",
                             "/x/deep/k exists", "/x/deep/18446744073709551616 exists", "/y/0 exists"})
    no(filter, payload);
  yes("/0 == \"a\"", R"(["a"])");
}

CAF_TEST(names are compared without their escapes) {
  yes("/a~1b/~0 == 1", R"({"a/b":{"~":1}})");
  yes("/action == 1", R"({"\u0061ction":1})");
  yes(R"("/a\"b" == 1)", R"({"a\"b":1})");
  yes("/ == 1", R"({"":1})");
  no("/a exists", R"({"ab":1,"b\"a":2})");
  yes("/a == 1", R"({"a\\":0,"a":1})");
}

CAF_TEST(of several members of one name the first one counts) {
  yes("/a == 1", R"({"a":1,"a":2})");
}

CAF_TEST(a payload may be no object) {
  yes(R"("" == "text")", R"("text")");
  yes(R"("" > 6)", "7");
  yes(R"("" == null)", "null");
  yes(R"("" exists)", "[]");
  yes(R"("" != 1)", "{}");
  unknown("/a == 1", "7");
  no("/a exists", "7");
  unknown(R"("" < 1)", "[]");
}

CAF_TEST(all conditions must hold and one that does not decides) {
  const auto payload = R"({"a":1,"b":"x"})";
  yes(R"(/b == "x" and /a == 1)", payload);
  no(R"(/a == 1 and /b == "y")", payload);
  no("/a == 2 and /missing == 1", payload);
  no("/missing == 1 and /a == 2", payload);
  unknown("/missing == 1 and /a == 1", payload);
}

CAF_TEST(what JSON allows and no program can hold is not judged) {
  unknown("/a == 1", R"({"a":1e400})");
  unknown(R"(/a == "x")", R"({"a":"\ud800"})");
  yes("/b == 1", R"({"a":1e400,"x":"\ud800","\ud800":2,"b":1})");
}

CAF_TEST(it is said why an event cannot be judged) {
  CAF_CHECK_EQUAL(why("/b == 1", R"({"a":1})"), "the member /b is missing");
  CAF_CHECK_EQUAL(why("/a < 1", R"({"a":"x"})"), "the member /a cannot be compared by '<'");
  CAF_CHECK_EQUAL(why(R"("" < 1)", "{}"), "the payload cannot be compared by '<'");
  CAF_CHECK_EQUAL(why("/a == 1", R"({"a":1})"), "");
}

CAF_TEST(a payload is judged wherever it lies in its batch) {
  std::vector<test_event> events;
  for (int i = 0; i < 100; ++i)
    events.push_back({"t", "", "{\"n\":" + std::to_string(i) + ",\"pad\":\"" + std::string(i, 'x') + "\"}"});
  batch = make_batch(events);
  for (int i = 0; i < 100; ++i) {
    CAF_REQUIRE(reader.open(*batch, static_cast<size_t>(i)));
    const auto number = std::to_string(i);
    CAF_CHECK_EQUAL(word(compiled("/n == " + number).judge(reader)), "yes");
    CAF_CHECK_EQUAL(word(compiled("/n != " + number).judge(reader)), "no"); // the same one once more
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
