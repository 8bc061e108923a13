#include "io/links/link_terms.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

const node_place over_tcp{"hub", {"hub", 4000}, {}};
const node_place over_unix{{}, {}, "/run/link.sock"};

} // namespace

CAF_TEST(only a unix socket goes without tls where there is tls) {
  link_terms terms;
  CAF_CHECK(transport_for(over_unix, terms) == link_transport::unix_socket);
  CAF_CHECK(transport_for(over_tcp, terms) == link_transport::plain);
}

CAF_TEST(everyone who starts a bus on an insecure network is told) {
  node_options options;
  CAF_CHECK_EQUAL(insecure_notice(options), "");
  options.insecure = true;
  CAF_CHECK_EQUAL(insecure_notice(options).find("insecure-network = yes: "), 0u);
  options.certificate = "cert.pem"; // then links are encrypted all the same
  CAF_CHECK_EQUAL(insecure_notice(options), "");
}

CAF_TEST(terms without certificates have their permits) {
  node_options options;
  options.allow = {"leaf read=a", "*"};
  auto terms = load_link_terms(options);
  CAF_REQUIRE(terms);
  CAF_CHECK((*terms)->tls == nullptr);
  CAF_CHECK_EQUAL((*terms)->permits.size(), 2u);
  CAF_CHECK(!(*terms)->insecure);
}

CAF_TEST(a permit that cannot be read is named) {
  node_options options;
  options.allow = {"leaf write=a"};
  auto terms = load_link_terms(options);
  CAF_REQUIRE(!terms);
  CAF_CHECK_EQUAL(terms.error().text.find("node-allow: "), 0u);
}

CAF_TEST(a certificate that is not there is a failure) {
  node_options options;
  options.certificate = options.key = options.ca = "/nonexistent/file.pem";
  auto terms = load_link_terms(options);
  CAF_REQUIRE(!terms);
  CAF_CHECK(terms.error().text.find("/nonexistent/file.pem") != std::string::npos);
}

CAF_TEST(permits change although the certificates cannot be read) {
  link_terms before;
  before.permits = {*parse_link_permit("leaf")};
  node_options options;
  options.certificate = options.key = options.ca = "/nonexistent/file.pem";
  options.allow = {"hub"};
  const auto terms = with_permits(before, options);
  CAF_REQUIRE(terms);
  CAF_REQUIRE_EQUAL((*terms)->permits.size(), 1u);
  CAF_CHECK_EQUAL((*terms)->permits[0].name, "hub");
}

CAF_TEST(a certificate that expires within a week is named once a day) {
  using namespace std::chrono_literals;
  expiry_reminders x;
  const auto now = std::chrono::system_clock::now();
  const certificate_info leaf{"leaf", {"leaf"}, now + 8 * 24h};
  CAF_CHECK(!x.is_due("hub:1", leaf, now));
  CAF_CHECK(x.is_due("hub:1", leaf, now + 30h));
  CAF_CHECK(!x.is_due("hub:2", leaf, now + 30h + 1s)); // over another connection
  CAF_CHECK(!x.is_due("hub:1", leaf, now + 53h));
  CAF_CHECK(x.is_due("hub:1", leaf, now + 54h));
  CAF_CHECK(x.is_due("own", leaf, now + 54h));
  auto renewed = leaf;
  renewed.expires += 24h;
  CAF_CHECK(x.is_due("hub:1", renewed, now + 54h));
  CAF_CHECK(x.is_due("hub:1", leaf, now + 30 * 24h)); // it has expired, and is still in use
}

CAF_TEST(of very many certificates not all are remembered) {
  using namespace std::chrono_literals;
  expiry_reminders x;
  const auto now = std::chrono::system_clock::now();
  for (int i = 0; i < 1'025; ++i)
    CAF_CHECK(x.is_due("hub:1", {std::to_string(i), {}, now + 1h}, now));
  CAF_CHECK(!x.is_due("hub:1", {"1024", {}, now + 1h}, now));
  CAF_CHECK(x.is_due("hub:1", {"0", {}, now + 1h}, now));
}
