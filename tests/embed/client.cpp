// A program that only links the client: what it is told when there is no bus.
#include <cafbus/io/client/blocking_client.hpp>

int main() {
  auto opened = cafbus::blocking_consumer::open("/nonexistent/bus.sock", {.event_key = "t"}, std::chrono::seconds{1});
  return !opened && opened.error().kind == cafbus::failure_kind::not_found ? 0 : 1;
}
