#include "messages/link_transport.hpp"

#include <string>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

CAF_TEST(each transport has its word and none has none) {
  CAF_CHECK_EQUAL(to_string(link_transport::none), std::string{});
  CAF_CHECK_EQUAL(to_string(link_transport::tls), std::string{"tls"});
  CAF_CHECK_EQUAL(to_string(link_transport::unix_socket), std::string{"unix"});
  CAF_CHECK_EQUAL(to_string(link_transport::plain), std::string{"plain"});
  CAF_CHECK_EQUAL(to_string(link_transport::caf), std::string{"caf"});
}
