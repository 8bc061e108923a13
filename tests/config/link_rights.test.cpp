#include "config/link_rights.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

std::vector<link_permit> permits(const std::vector<std::string>& texts) {
  std::vector<link_permit> result;
  for (const auto& x : texts)
    result.push_back(*parse_link_permit(x));
  return result;
}

using names = std::vector<std::string>;

} // namespace

CAF_TEST(a name alone may do everything) {
  auto x = parse_link_permit("hub.example.org");
  CAF_REQUIRE(x);
  CAF_CHECK_EQUAL(x->name, "hub.example.org");
  CAF_CHECK(x->rights == link_rights{});
  CAF_CHECK(x->rights.read.admits("anything"));
}

CAF_TEST(whoever is given one right has no other) {
  auto x = parse_link_permit("leaf  read=b,a");
  CAF_REQUIRE(x);
  CAF_CHECK(x->rights.read.admits("a"));
  CAF_CHECK(x->rights.read.admits("b"));
  CAF_CHECK(!x->rights.read.admits("ab"));
  CAF_CHECK(!x->rights.publish.admits("a"));
  CAF_CHECK(parse_link_permit("x publish=* read=a")->rights.publish.admits("c"));
  CAF_CHECK(!parse_link_permit("x read=")->rights.read.admits(""));
}

CAF_TEST(what is no permit is refused with what is wrong) {
  for (const auto* text : {"", " ", " read=a", "read=a", "x write=a", "x read", "x read=a,,b", "x read=a*",
                           "x read=a.>", "x publish=*,a", "x read=a read=b"})
    CAF_CHECK(!parse_link_permit(text));
  CAF_CHECK(parse_link_permit("x write=a").error().text.find("NAME [read=TYPES]") != std::string::npos);
}

CAF_TEST(without permits everybody may do everything) {
  CAF_CHECK(rights_of({}, names{"x"}) == link_rights{});
}

CAF_TEST(with permits only who is named may link) {
  auto some = permits({"a read=t", "b"});
  CAF_CHECK(!rights_of(some, names{"c"}));
  CAF_CHECK(!rights_of(some, names{}));
  CAF_CHECK(!rights_of(some, names{"*"}));
  CAF_CHECK(rights_of(some, names{"x", "b"}) == link_rights{});
}

CAF_TEST(a name goes before the rest) {
  auto some = permits({"* read=t", "b"});
  CAF_CHECK(rights_of(some, names{"b"}) == link_rights{});
  CAF_CHECK(rights_of(some, names{"c"})->read.admits("t"));
  CAF_CHECK(!rights_of(some, names{"c"})->read.admits("u"));
}
