#pragma once
#include "support/socket_fixture.hpp"

namespace cafbus {

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

inline size_t count(const std::string& text, const std::string& part) {
  size_t result = 0;
  for (auto i = text.find(part); i != std::string::npos; i = text.find(part, i + part.size()))
    ++result;
  return result;
}

/// A bus with sockets, and what tests of its connections say again and again.
struct session_fixture : socket_fixture {
  using socket_fixture::socket_fixture;

  handle consumer(const std::string& key) {
    auto result = connect();
    auto ack = say_hello(result, key);
    CAF_CHECK(has(ack, "hello_ack"));
    return result;
  }
  std::string check(handle x, const std::string& key) {
    return talk(x, R"({"type":"pre_shutdown_check","event_key":")" + key + "\"}\n");
  }
};

} // namespace cafbus
