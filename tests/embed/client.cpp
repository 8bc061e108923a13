// A program that only links the client: what it is told when there is no bus.
#include <cafbus/io/client/blocking_client.hpp>

int main() {
  auto opened = cafbus::blocking_consumer::open("/nonexistent/bus.sock", {.event_key = "t"}, std::chrono::seconds{1});
  auto* failure = std::get_if<cafbus::client_failure>(&opened);
  return failure && failure->kind == cafbus::client_failure::reason::not_running ? 0 : 1;
}
