#include "config/node_checks.hpp"

#include <algorithm>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

const std::vector<node_place> over_tcp{{"hub", {"hub", 4000}, {}}};
const std::vector<node_place> over_unix{{{}, {}, "/run/link.sock"}};

node_options with_tls() {
  node_options result;
  result.certificate = "cert.pem";
  result.key = "key.pem";
  result.ca = "ca.pem";
  return result;
}

std::string refusal(const node_options& x, std::span<const node_place> sources = {}) {
  auto checked = check_node_options(x, sources);
  return checked ? "" : checked.error().text;
}

bool names(const std::string& text, std::initializer_list<const char*> all) {
  return std::ranges::all_of(all, [&](const char* x) { return text.find(x) != text.npos; });
}

} // namespace

CAF_TEST(without certificates only a unix socket is good enough) {
  node_options options;
  CAF_CHECK_EQUAL(refusal(options, over_unix), "");
  const auto ways_out = {"node-certificate", "node-key", "node-ca", "unix:PATH", "insecure-network"};
  CAF_CHECK(names(refusal(options, over_tcp), ways_out));
  options.listen = "127.0.0.1:4000";
  CAF_CHECK(names(refusal(options), ways_out));
  CAF_CHECK_EQUAL(refusal(with_tls(), over_tcp), "");
}

CAF_TEST(an insecure network is used if it was said so) {
  node_options options;
  options.insecure = true;
  CAF_CHECK_EQUAL(refusal(options, over_tcp), "");
}

CAF_TEST(one or two of the three files are not enough) {
  node_options options;
  options.certificate = "cert.pem";
  for (const char* key : {"", "key.pem"}) {
    options.key = key;
    CAF_CHECK(names(refusal(options), {"node-ca"}));
  }
}

CAF_TEST(permits are refused where nobody has a name) {
  auto options = with_tls();
  options.allow = {"leaf read=a"};
  CAF_CHECK_EQUAL(refusal(options), ""); // there is no link that they would not hold for
  CAF_CHECK_EQUAL(refusal(options, over_tcp), "");
  CAF_CHECK(names(refusal(options, over_unix), {"node-allow", "leave node-allow out"}));
  options.listen = "hub:4000";
  CAF_CHECK_EQUAL(refusal(options, over_unix), "");
  node_options insecure;
  insecure.insecure = true;
  insecure.allow = {"leaf"};
  CAF_CHECK(names(refusal(insecure, over_tcp), {"node-allow", "node-certificate"}));
}

CAF_TEST(a name has one permit) {
  const std::vector<std::string> texts{"a read=x", "b", "a publish=y"};
  const auto permits = parse_link_permits(texts);
  CAF_REQUIRE(!permits);
  CAF_CHECK(names(permits.error().text, {"'a'", "twice"}));
  CAF_CHECK_EQUAL(parse_link_permits(std::span{texts}.first(2))->size(), 2u);
}
