#include "config/node_place.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;

CAF_TEST(a host is the name that its certificate must have) {
  auto x = parse_node_place("hub.example.org:4000");
  CAF_REQUIRE(x);
  CAF_CHECK(*x == (node_place{"hub.example.org", {"hub.example.org", 4000}, {}}));
  x = parse_node_place("[::1]:1");
  CAF_REQUIRE(x);
  CAF_CHECK_EQUAL(x->name, "::1");
}

CAF_TEST(a name before the host is expected instead) {
  CAF_CHECK(*parse_node_place("hub@10.0.0.5:4000") == (node_place{"hub", {"10.0.0.5", 4000}, {}}));
}

CAF_TEST(a path is a unix socket) {
  auto x = parse_node_place("unix:/run/a@b.sock");
  CAF_REQUIRE(x);
  CAF_CHECK(x->is_unix());
  CAF_CHECK_EQUAL(x->path, "/run/a@b.sock");
  CAF_CHECK(!parse_node_place("h:1")->is_unix());
}

CAF_TEST(a path that no socket can have is refused with the limit) {
  CAF_CHECK(parse_node_place("unix:/" + std::string(106, 'x')));
  const auto x = parse_node_place("unix:/" + std::string(107, 'x'));
  CAF_REQUIRE(!x);
  CAF_CHECK(x.error().text.find("107 characters, this one has 108") != std::string::npos);
}

CAF_TEST(what is no place is refused) {
  for (const auto* text : {"", "host", ":1", "@h:1", "h:0", "h:65536", "h:1x", "unix:", "::1:4000"})
    CAF_CHECK(!parse_node_place(text));
}
