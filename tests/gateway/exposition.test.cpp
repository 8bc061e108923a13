#include "gateway/exposition.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace cafbus::http;

namespace {

bool has(const std::string& text, const std::string& line) {
  return ('\n' + text).find('\n' + line + '\n') != std::string::npos;
}

} // namespace

CAF_TEST(without a bus the gateway still tells of itself) {
  auto text = exposition("shop", nullptr, {.streams = 3});
  CAF_CHECK(has(text, "cafbus_up{app=\"shop\"} 0"));
  CAF_CHECK(has(text, "cafbus_gateway_streams{app=\"shop\"} 3"));
  CAF_CHECK(has(text, "cafbus_series_omitted{app=\"shop\"} 0"));
}

CAF_TEST(the bus is described beside the gateway) {
  status_response bus;
  bus.version = "1.2";
  bus.active_conns = 4;
  auto text = exposition("shop", &bus, {});
  CAF_CHECK(has(text, "cafbus_up{app=\"shop\"} 1"));
  CAF_CHECK(has(text, "cafbus_consumers{app=\"shop\"} 4"));
  CAF_CHECK(has(text, "cafbus_gateway_requests_total{app=\"shop\"} 0"));
}
