#include "io/sockets/hello_checks.hpp"

#include <climits>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

constexpr size_t most = defaults::max_hook_env_bytes;

hello good() {
  hello x;
  x.event_key = "k";
  return x;
}

/// What the bus says of it; nothing if it is good.
std::string complaint(const hello& x) {
  auto checked = check_hello(x, {});
  return checked ? "" : checked.error().text;
}

/// The same for a good hello that was changed.
template <class Change>
std::string complaint_of(Change change) {
  auto x = good();
  change(x);
  return complaint(x);
}

std::string complaint_of_env(const std::string& name, const std::string& value) {
  return complaint_of([&](hello& x) { x.hook_env[name] = value; });
}

std::string complaint_of_dir(const std::string& dir) {
  return complaint_of([&](hello& x) { x.hook_dir = dir; });
}

} // namespace

CAF_TEST(a policy is one of those that there are and block_ms goes with block) {
  hello x;
  x.event_key = "k";
  x.policy = "keep_all";
  CAF_CHECK(complaint(x).find("policy 'keep_all' is unknown") == 0);
  x.policy = "latest";
  CAF_CHECK_EQUAL(complaint(x), "");
  x.block_ms = 5;
  CAF_CHECK_EQUAL(complaint(x), "block_ms requires the policy block");
  x.policy = "block";
  CAF_CHECK_EQUAL(complaint(x), "");
}

CAF_TEST(a hello without hooks has nothing to complain of) {
  CAF_CHECK_EQUAL(complaint(good()), "");
}

CAF_TEST(a command has a largest length) {
  for (auto member : {&hello::on_first, &hello::on_last}) {
    CAF_CHECK_EQUAL(complaint_of([&](hello& x) { x.*member = std::string(4'096, 'x'); }), "");
    CAF_CHECK_EQUAL(complaint_of([&](hello& x) { x.*member = std::string(4'097, 'x'); }),
                    "a command is longer than 4096 bytes");
  }
}

CAF_TEST(an environment has a largest size as it lies in memory) {
  CAF_CHECK_EQUAL(complaint_of_env("A", std::string(most - 3, 'x')), "");
  CAF_CHECK_EQUAL(complaint_of_env("A", std::string(most - 2, 'x')), "hook_env is larger than 65536 bytes");
}

CAF_TEST(many small variables count like a large one) {
  auto many = [](hello& x, size_t count) {
    for (size_t i = 0; i < count; ++i)
      x.hook_env[std::to_string(10'000 + i)] = "1"; // 8 bytes each
  };
  CAF_CHECK_EQUAL(complaint_of([&](hello& x) { many(x, most / 8); }), "");
  CAF_CHECK_EQUAL(complaint_of([&](hello& x) { many(x, most / 8 + 1); }), "hook_env is larger than 65536 bytes");
}

CAF_TEST(names and values are such as an environment can have) {
  const std::string nul{"a\0b", 3};
  CAF_CHECK_EQUAL(complaint_of_env("A", ""), "");
  CAF_CHECK_EQUAL(complaint_of_env("A", "b=c"), "");
  const std::string why = "hook_env has a name or value that is invalid in an environment";
  CAF_CHECK_EQUAL(complaint_of_env("", "x"), why);
  CAF_CHECK_EQUAL(complaint_of_env("A=B", "x"), why);
  CAF_CHECK_EQUAL(complaint_of_env(nul, "x"), why);
  CAF_CHECK_EQUAL(complaint_of_env("A", nul), why);
}

CAF_TEST(a folder is an absolute path) {
  CAF_CHECK_EQUAL(complaint_of_dir("/"), "");
  CAF_CHECK_EQUAL(complaint_of_dir(std::string(PATH_MAX - 1, '/')), "");
  for (const auto& dir :
       {std::string{"here"}, std::string{"./here"}, std::string(PATH_MAX, '/'), std::string{"/a\0b", 4}})
    CAF_CHECK_EQUAL(complaint_of_dir(dir), "hook_dir is not an absolute path");
}

CAF_TEST(a umask has nine bits) {
  CAF_CHECK_EQUAL(complaint_of([](hello& x) { x.hook_umask = 0777; }), "");
  CAF_CHECK_EQUAL(complaint_of([](hello& x) { x.hook_umask = 01000; }), "hook_umask is larger than 0777");
}

CAF_TEST(names are added once and taken away) {
  CAF_CHECK_EQUAL(names_with({"a", "b"}, {"c", "b", "c"}), (name_list{"a", "b", "c"}));
  CAF_CHECK_EQUAL(names_without({"a", "b", "c"}, {"b", "d"}), (name_list{"a", "c"}));
}

CAF_TEST(a filter is checked with its limits and its words) {
  const filter_condition there{"/a", "exists", {}};
  CAF_CHECK_EQUAL(complaint_of([&](hello& x) { x.filter = {there}; }), "");
  CAF_CHECK_EQUAL(complaint_of([&](hello& x) {
                    x.filter = {there, {"a", "exists", {}}};
                  }),
                  "condition 2 of the filter: the pointer 'a' does not begin with '/', as in /issue/title");
  CAF_CHECK_EQUAL(complaint_of([&](hello& x) {
                    x.filter = {there};
                    x.on_filter_error = "stop";
                  }),
                  "on_filter_error 'stop' is unknown; known are skip, pass and fail");
  CAF_CHECK_EQUAL(complaint_of([&](hello& x) { x.on_filter_error = "pass"; }), "on_filter_error requires a filter");
}
