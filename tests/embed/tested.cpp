// A test of another project: its consumers on two linked buses, in virtual time.
#include <cafbus/testing/harness.hpp>

int main() {
  using namespace std::chrono_literals;
  cafbus::testing::harness x{1};
  auto a = x.add_bus("a");
  auto b = x.add_bus("b");
  auto link = x.add_link(a, b);
  x.add_consumer("far", b, {.types = {"t"}});
  x.run_for(1s);
  x.add_source("s", a, {.types = {"t"}});
  x.run_for(1s);
  x.cut(link);
  x.finish();
  return x.broken().empty() && x.events_seen() > 0 ? 0 : 1;
}
