#include "cli/jq_program.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::string_literals;

namespace {

jq_program compiled(std::string text, bool raw = false, char end = '\n') {
  auto program = jq_program::compile({.text = std::move(text), .raw = raw, .end = end});
  if (!program)
    CAF_FAIL("cannot compile: " << program.error().text);
  return std::move(*program);
}

/// The results with a blank between them, or the error.
std::string run(jq_program& program, std::string_view json) {
  auto outcome = program.run(json);
  if (!outcome.error.empty())
    return "FAILED: " + outcome.error + (outcome.results.empty() ? "" : " with results");
  std::string text;
  for (const auto& x : outcome.results)
    text += (text.empty() ? "" : " ") + x.value_or("INPUT");
  return text;
}

std::string run(const std::string& text, std::string_view json) {
  auto program = compiled(text);
  return run(program, json);
}

std::string compile_error(const std::string& text) {
  auto program = jq_program::compile({.text = text});
  return program ? "" : program.error().text;
}

} // namespace

CAF_TEST(each result is compact JSON) {
  CAF_CHECK_EQUAL(run(".a", R"({"a": {"b" : [1, 2]}})"), R"({"b":[1,2]})");
  CAF_CHECK_EQUAL(run(".[]", R"([1,"a",null])"), R"(1 "a" null)");
}

CAF_TEST(an event without a result is not wanted) {
  CAF_CHECK(compiled("select(.n > 1)").run(R"({"n":1})").results.empty());
  CAF_CHECK(compiled("empty").run("1").results.empty());
  CAF_CHECK(compiled("empty").run("1").error.empty());
}

CAF_TEST(what the program does not change is known to be the input) {
  CAF_CHECK_EQUAL(run("select(.n > 1)", R"({ "n":12345678901234567890 })"), "INPUT");
  CAF_CHECK_EQUAL(run("., .[0], .", "[ [1] ]"), "INPUT [1] INPUT");
  CAF_CHECK_EQUAL(run(".a = 2", R"({"a":1})"), R"({"a":2})");
  CAF_CHECK_EQUAL(run(".a = 1 | .", R"({"a":1})"), R"({"a":1})");
}

CAF_TEST(a number and a string equal to the input are results of their own) {
  CAF_CHECK_EQUAL(run("1", "1.0"), "1");
  CAF_CHECK_EQUAL(run("\"a\"", "\"\\u0061\""), "\"a\"");
}

CAF_TEST(raw strings have neither quotes nor escapes) {
  auto program = compiled(".[]", true);
  CAF_CHECK_EQUAL(run(program, R"(["a\nb\"", 1, ["x"]])"), "a\nb\" 1 [\"x\"]");
}

CAF_TEST(a raw string with a NUL cannot be separated by NULs) {
  auto lines = compiled(".", true);
  CAF_CHECK_EQUAL(run(lines, R"("a\u0000b")"), "a\0b"s);
  auto nuls = compiled(".", true, '\0');
  CAF_CHECK(run(nuls, R"("a\u0000b")").starts_with("FAILED: a raw string with a NUL"));
}

CAF_TEST(an error has its text and leaves no result) {
  CAF_CHECK(run(".a", "[1]").starts_with("FAILED: Cannot index array with "));
  CAF_CHECK_EQUAL(run("1, error(\"my own\")", "{}"), "FAILED: my own");
  CAF_CHECK_EQUAL(run("error({a:1})", "{}"), R"(FAILED: {"a":1})");
  CAF_CHECK_EQUAL(run("error(\"\")", "{}"), "FAILED: error");
}

CAF_TEST(there is no input but the event) {
  CAF_CHECK(run("input", "1").starts_with("FAILED: ")); // "break", later versions "No more inputs"
  CAF_CHECK_EQUAL(run("[inputs]", "1"), "[]");
}

CAF_TEST(a long error is cut) {
  auto text = run("error(\"\xc3\xa9\" * 1000)", "{}");
  CAF_CHECK_LESS(text.size(), 350u);
  CAF_CHECK(text.ends_with("\xc3\xa9..."));
}

CAF_TEST(a program goes on after an error and after a halt) {
  auto program =
      compiled("if . == 0 then error(\"no\") elif . == 1 then halt elif . == 2 then halt_error else . + 1 end");
  for (int i = 0; i < 3; ++i) {
    CAF_CHECK_EQUAL(run(program, "0"), "FAILED: no");
    CAF_CHECK_EQUAL(run(program, "1"), "");
    CAF_CHECK_EQUAL(run(program, "2"), "FAILED: it halted: 2");
    CAF_CHECK_EQUAL(run(program, "3"), "4");
  }
}

CAF_TEST(results beyond the limit are a failure) {
  CAF_CHECK(run("\"x\" * 100000 | range(200) as $i | .", "1")
                .starts_with("FAILED: its results are longer than 16777216 bytes"));
}

CAF_TEST(a result that libjq would not write as JSON is a failure) {
  CAF_CHECK_EQUAL(run("reduce range(20000) as $i (1; [.])", "1"),
                  "FAILED: a result is nested too deep for jq to write it");
  CAF_CHECK_EQUAL(run("\"<stripped: exceeds max depth>\"", "1"), "\"<stripped: exceeds max depth>\"");
}

CAF_TEST(what jq cannot read is a failure) {
  CAF_CHECK(run(".", "[1").starts_with("FAILED: jq cannot read it: "));
}

CAF_TEST(a program that cannot be compiled tells the first error in one line) {
  CAF_CHECK_EQUAL(compile_error(".a | foo"), "foo/0 is not defined at <top-level>, line 1");
  CAF_CHECK(compile_error(".a |").starts_with("syntax error, unexpected"));
  CAF_CHECK(compile_error("{").find('\n') == std::string::npos);
  CAF_CHECK(compile_error(".\n| $x").ends_with("line 2"));
}

CAF_TEST(a program is text) {
  CAF_CHECK(compile_error("\xff").starts_with("it is not UTF-8"));
  CAF_CHECK(compile_error(".\0a"s).starts_with("it is not UTF-8"));
}
