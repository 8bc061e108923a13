#include "messages/event_filter.hpp"

#include "config/defaults.hpp"

#include <caf/test/dsl.hpp>

using namespace cafbus;

namespace {

const filter_value a_string = filter_scalar{std::string{"x"}};

std::string filter_complaint(const event_filter& x) {
  auto checked = check_filter(x);
  return checked ? "" : checked.error().text;
}

std::string complaint(filter_condition x) {
  return filter_complaint({std::move(x)});
}

std::string pointer_complaint(const std::string& pointer) {
  return complaint({pointer, "exists", {}});
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

filter_value value_of(std::string_view json) {
  return read_filter_value(json).value_or(unusable_value{});
}

} // namespace

CAF_TEST(a pointer leads along names without their escapes) {
  using names = std::vector<std::string>;
  CAF_CHECK(split_pointer("")->empty());
  CAF_CHECK(*split_pointer("/") == names{""});
  CAF_CHECK(*split_pointer("/a/b") == (names{"a", "b"}));
  CAF_CHECK(*split_pointer("/a~1b/~0c//~01") == (names{"a/b", "~c", "", "~1"}));
}

CAF_TEST(a pointer that is none is refused with the way out) {
  CAF_CHECK_EQUAL(pointer_complaint("a"),
                  "condition 1 of the filter: the pointer 'a' does not begin with '/', as in /issue/title");
  for (const auto* pointer : {"/~2", "/~", "/a~/b"})
    CAF_CHECK(contains(pointer_complaint(pointer), "write ~0 for '~', and ~1 for '/'"));
}

CAF_TEST(a pointer has a longest length and a largest depth) {
  CAF_CHECK_EQUAL(pointer_complaint('/' + std::string(1'023, 'x')), "");
  CAF_CHECK(contains(pointer_complaint('/' + std::string(1'024, 'x')), "has 1025 bytes, at most 1024 are possible"));
  CAF_CHECK(contains(pointer_complaint('/' + std::string(1'048'576, 'x')), "has 1048577 bytes"));
  CAF_CHECK_EQUAL(pointer_complaint(std::string(64, '/')), "");
  CAF_CHECK(contains(pointer_complaint(std::string(65, '/')), "has 65 names, at most 64 are possible"));
}

CAF_TEST(what a message shows of a long pointer is short and whole characters) {
  std::string text = "/";
  while (text.size() < 2'000)
    text += "\xc3\xa4";
  auto shown = pointer_complaint(text);
  CAF_CHECK_LESS(shown.size(), 200u);
  CAF_CHECK(contains(shown, "\xc3\xa4...'"));
}

CAF_TEST(an operator that is unknown is refused) {
  CAF_CHECK_EQUAL(complaint({"/a", "=", a_string}),
                  "condition 1 of the filter: the operator '=' is unknown; known are == != < > in exists");
  CAF_CHECK(contains(complaint({"/a", "unknown", a_string}), "the operator 'unknown' is unknown"));
  CAF_CHECK(contains(complaint({"/a", "", a_string}), "the operator '' is unknown"));
}

CAF_TEST(each operator has the values that go with it) {
  const filter_value list = std::vector<filter_scalar>{filter_scalar{int64_t{1}}};
  const filter_value nothing = filter_scalar{};
  for (const auto* op : {"==", "!=", "<", ">"}) {
    CAF_CHECK_EQUAL(complaint({"/a", op, a_string}), "");
    CAF_CHECK(contains(complaint({"/a", op, {}}), "has no value"));
    CAF_CHECK(contains(complaint({"/a", op, list}), "a list goes with 'in'"));
    CAF_CHECK(contains(complaint({"/a", op, filter_value{unusable_value{}}}), "this is none"));
  }
  CAF_CHECK_EQUAL(complaint({"/a", "==", nothing}), "");
  CAF_CHECK(contains(complaint({"/a", "<", nothing}), "have no order"));
  CAF_CHECK(contains(complaint({"/a", ">", filter_value{filter_scalar{true}}}), "have no order"));
  CAF_CHECK_EQUAL(complaint({"/a", "exists", {}}), "");
  CAF_CHECK(contains(complaint({"/a", "exists", a_string}), "takes no value"));
  CAF_CHECK_EQUAL(complaint({"/a", "in", list}), "");
  CAF_CHECK(contains(complaint({"/a", "in", a_string}), "takes a list"));
  CAF_CHECK(contains(complaint({"/a", "in", filter_value{std::vector<filter_scalar>{}}}), "at least one"));
}

CAF_TEST(values and lists and filters have a largest size) {
  const auto text = [](size_t size) { return filter_value{filter_scalar{std::string(size, 'x')}}; };
  const auto list = [](size_t size) { return filter_value{std::vector<filter_scalar>(size)}; };
  CAF_CHECK_EQUAL(complaint({"/a", "==", text(1'024)}), "");
  CAF_CHECK(contains(complaint({"/a", "==", text(1'025)}), "1025 bytes, at most 1024"));
  CAF_CHECK_EQUAL(complaint({"/a", "in", list(64)}), "");
  CAF_CHECK(contains(complaint({"/a", "in", list(65)}), "65 values, at most 64"));
  const filter_condition there{"/a", "exists", {}};
  CAF_CHECK_EQUAL(filter_complaint(event_filter(16, there)), "");
  CAF_CHECK(contains(filter_complaint(event_filter(10'000, there)), "10000 conditions, at most 16"));
}

CAF_TEST(a complaint says which condition it is about) {
  const filter_condition there{"/a", "exists", {}};
  CAF_CHECK(filter_complaint({there, {"b", "exists", {}}}).starts_with("condition 2 of the filter: "));
}

CAF_TEST(what becomes of events that cannot be judged is one of three words and needs a filter) {
  const event_filter filter{{"/a", "exists", {}}};
  for (const auto* word : {"", "pass", "skip", "fail"})
    CAF_CHECK(check_filter_error_policy(word, filter));
  CAF_CHECK(!check_filter_error_policy("unknown", filter));
  CAF_CHECK(!check_filter_error_policy("stop", filter));
  CAF_CHECK(!check_filter_error_policy("skip", {}));
  CAF_CHECK(check_filter_error_policy("", {}));
}

CAF_TEST(values are read as what they are) {
  CAF_CHECK(value_of("null") == filter_value{filter_scalar{}});
  CAF_CHECK(value_of(" true ") == filter_value{filter_scalar{true}});
  CAF_CHECK(value_of("-5") == filter_value{filter_scalar{int64_t{-5}}});
  CAF_CHECK(value_of("9223372036854775807") == filter_value{filter_scalar{INT64_MAX}});
  CAF_CHECK(value_of("18446744073709551615") == filter_value{filter_scalar{UINT64_MAX}});
  CAF_CHECK(value_of("18446744073709551616") == filter_value{filter_scalar{18446744073709551616.0}});
  CAF_CHECK(value_of("1.0") == filter_value{filter_scalar{1.0}});
  CAF_CHECK(value_of("184467440737095516160.0") == filter_value{filter_scalar{184467440737095516160.0}});
  CAF_CHECK(value_of("0.1234567890123456789012345") == filter_value{filter_scalar{0.1234567890123456789012345}});
  CAF_CHECK(value_of("-9223372036854775809") == filter_value{filter_scalar{-9223372036854775809.0}});
  CAF_CHECK(value_of("-18446744073709551616") == filter_value{filter_scalar{-18446744073709551616.0}});
  CAF_CHECK(value_of(R"("\u00e4\n")") == filter_value{filter_scalar{std::string{"\xc3\xa4\n"}}});
  CAF_CHECK(value_of(R"([1,"a",null])") ==
            (filter_value{std::vector<filter_scalar>{filter_scalar{int64_t{1}}, filter_scalar{std::string{"a"}},
                                                     filter_scalar{}}}));
}

CAF_TEST(what cannot be compared with is told from what is no JSON) {
  for (const auto* json : {"{}", "[[1]]", "[{}]", "1e400", R"("\ud800")", "[1e400]"})
    CAF_CHECK(read_filter_value(json) == filter_value{unusable_value{}});
  for (const auto* json : {"", "NaN", "opened", "'opened'", "[1", "1 2", "Infinity", "+1", "01"})
    CAF_CHECK(!read_filter_value(json));
}
