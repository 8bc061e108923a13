#include "config/host_port.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::string_literals;

namespace {

/// The error text; empty if it was taken.
std::string refused(const std::string& text) {
  auto parsed = parse_host_port(text);
  return parsed ? "" : parsed.error().text;
}

} // namespace

CAF_TEST(a name and an address have a port behind a colon) {
  CAF_CHECK(*parse_host_port("bus.example:4000") == (host_port{"bus.example", 4'000}));
  CAF_CHECK(*parse_host_port("127.0.0.1:65535") == (host_port{"127.0.0.1", 65'535}));
}

CAF_TEST(an IPv6 address stands in brackets and is taken without them) {
  CAF_CHECK(*parse_host_port("[::1]:1") == (host_port{"::1", 1}));
  CAF_CHECK_EQUAL(refused("::1:4000"),
                  "\"::1:4000\" has an IPv6 address that is not in brackets; write [ADDRESS]:PORT");
}

CAF_TEST(a port is a number from 1 to 65535 and nothing else) {
  for (const auto* text : {"h:0", "h:65536", "h:-1", "h:+1", "h: 1", "h:1 ", "h:0x1", "h:", "h:http"})
    CAF_CHECK_EQUAL(refused(text), '"' + std::string{text} + "\" has no port between 1 and 65535");
  CAF_CHECK_EQUAL(refused("h"), "\"h\" has no port; write HOST:PORT");
  CAF_CHECK_EQUAL(refused(""), "\"\" has no port; write HOST:PORT");
}

CAF_TEST(a host is neither empty nor has blanks or brackets in it) {
  for (const auto& text : {":1"s, "[]:1"s, "a b:1"s, "a\n:1"s, "a]:1"s, "[a:1"s, "a\0b:1"s})
    CAF_CHECK(refused(text).ends_with(" has no host; write HOST:PORT"));
}
