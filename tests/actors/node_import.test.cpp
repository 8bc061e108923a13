#include "actors/node_import.hpp"

#include "support/bus_fixture.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

using namespace cafbus;

namespace {

node_connector_actor::behavior_type never_connected(node_connector_actor::pointer self) {
  return {[self](const connect_node&) -> caf::result<node_gate_actor> {
    return self->make_response_promise<node_gate_actor>();
  }};
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(node_import_tests, bus_fixture)

CAF_TEST(the hub knows a link before the link has had a turn) {
  auto connector = sys.spawn(never_connected);
  sched.run();
  auto link = spawn_node_import(sys, {"node:far:1", "far:1", "a", parts, connector, {}, 0});
  auto request = self->request(parts.hub, caf::infinite, list_consumers{});
  auto hub = caf::actor_cast<caf::actor>(parts.hub);
  while (sched.prioritize(hub))
    sched.run_once();
  sched.run();
  request.receive(
      [&](const consumer_list& x) {
        CAF_REQUIRE_EQUAL(x.links.size(), 1u);
        CAF_CHECK_EQUAL(x.links[0].peer, "far:1");
      },
      [&](const caf::error& e) { CAF_FAIL(sys.render(e)); });
  caf::anon_send_exit(link, caf::exit_reason::user_shutdown);
  sched.run();
}

CAF_TEST_FIXTURE_SCOPE_END()
