#include "cli/known_names.hpp"

#include <string>
#include <vector>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

using words = std::vector<std::string>;

CAF_TEST(keys types patterns and what came in vain are known) {
  status_response status;
  status.consumers.push_back({.event_key = "b", .event_types = {"c", "b"}, .patterns = {"d.*"}});
  status.unmatched_types.push_back({.event_type = "a"});
  CAF_CHECK_EQUAL(event_names(status), (words{"a", "b", "c", "d.*"}));
}

CAF_TEST(what cannot be shown is left out) {
  for (const char* name : {"", "-x", "--app=y", "a\nb", "a\tb", "\x1b[2J", "\x7f", "\xff", "a\xc2\x9b"})
    CAF_CHECK(!can_be_shown(name));
  for (const char* name : {"a b", "it's", "\"", "a:b", "$(x)", "h\xc3\xa9"})
    CAF_CHECK(can_be_shown(name));
  status_response status;
  status.consumers.push_back({.event_key = "a\nb", .event_types = {"fine"}});
  CAF_CHECK_EQUAL(event_names(status), (words{"fine"}));
}

CAF_TEST(there are not more than anybody looks at) {
  status_response status;
  for (int i = 0; i < 2'000; ++i)
    status.consumers.push_back({.event_key = "k" + std::to_string(i)});
  CAF_CHECK_EQUAL(event_names(status).size(), 1'000u);
}

CAF_TEST(a place that does not exist is answered by nothing) {
  auto names = names_of_this_machine();
  words typed{"consume", "--dir", "/nonexistent", "--app", "x", ""};
  CAF_CHECK_EQUAL(names.apps(typed), words{});
  CAF_CHECK_EQUAL(names.event_names(typed), words{});
  CAF_CHECK_EQUAL(names.event_names({"consume", "--app", "../x", ""}), words{});
}
