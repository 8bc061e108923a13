#include "io/remote/remote_connector.hpp"

#include "io/remote/remote_bus.hpp"
#include "messages/node_events.hpp"
#include "support/bus_fixture.hpp"

#include <caf/event_based_actor.hpp>
#include <optional>

using namespace cafbus;

namespace {

/// What the manager of CAF's connections has been asked, and how it answers.
struct manager_script {
  size_t asked = 0;
  caf::strong_actor_ptr gate;
  std::set<std::string> interface;
  std::optional<caf::error> error;
  bool silent = false;
  std::vector<caf::response_promise> open;
};

using speak_atom = caf::atom_constant<caf::atom("speak")>;

caf::behavior manager(caf::event_based_actor* self, std::shared_ptr<manager_script> script) {
  self->attach_functor([script] { script->open.clear(); });
  auto answer = [script] {
    for (auto& x : std::exchange(script->open, {}))
      x.deliver(caf::node_id{}, script->gate, script->interface);
  };
  return {[=](caf::connect_atom, const std::string&, uint16_t) -> caf::result<caf::message> {
            ++script->asked;
            if (script->error)
              return *script->error;
            script->open.push_back(self->make_response_promise());
            if (!script->silent)
              answer();
            return caf::delegated<caf::message>{};
          },
          [=](speak_atom) {
            script->silent = false;
            answer();
          }};
}

struct connector_fixture : bus_fixture {
  connector_fixture() {
    script->gate = caf::actor_cast<caf::strong_actor_ptr>(gate);
    script->interface = sys.message_types(gate);
  }

  ~connector_fixture() override {
    caf::anon_send_exit(connector, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(fake, caf::exit_reason::user_shutdown);
    script->gate = nullptr;
    sched.run();
  }

  /// The reason why there is no gate, after so long; empty: there is one.
  std::string connect(caf::timespan wait = 0s) {
    std::string result;
    auto request = self->request(connector, caf::infinite, connect_node{});
    pass(wait);
    request.receive([&](const node_gate_actor& x) { found = x; },
                    [&](const caf::error& e) { result = why_ended(e, sys.render(e)); });
    return result;
  }

  std::shared_ptr<manager_script> script = std::make_shared<manager_script>();
  remote_gate_actor gate = spawn_remote_gate(sys, parts, short_idle());
  caf::actor fake = sys.spawn(manager, script);
  node_connector_actor connector =
      spawn_remote_connector(sys, {"far", 4711, caf::actor_cast<caf::io::middleman_actor>(fake)});
  node_gate_actor found;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(remote_connector_tests, connector_fixture)

CAF_TEST(a session stands for the gate of the other node and ends with the connector) {
  CAF_CHECK_EQUAL(connect(), "");
  CAF_REQUIRE(found);
  CAF_CHECK_NOT_EQUAL(found.address(), gate.address());
  caf::anon_send_exit(connector, caf::exit_reason::user_shutdown);
  sched.run();
  CAF_CHECK(!alive(found));
  CAF_CHECK(alive(gate));
}

CAF_TEST(the reason of the manager is told) {
  script->error = caf::make_error(caf::sec::cannot_connect_to_node);
  CAF_CHECK_NOT_EQUAL(connect().find("cannot_connect_to_node"), std::string::npos);
}

CAF_TEST(what is published there must be a bus) {
  script->interface = {"caf::replies_to<@u16>::with<@u16>"};
  CAF_CHECK_EQUAL(connect(), "no bus is published there");
  script->gate = nullptr;
  script->interface = {};
  CAF_CHECK_EQUAL(connect(), "no bus is published there");
}

CAF_TEST(of a node that says nothing is asked once) {
  script->silent = true;
  CAF_CHECK_EQUAL(connect(5s), "no CAF node answers there");
  CAF_CHECK_EQUAL(connect(5s), "no CAF node answers there");
  CAF_CHECK_EQUAL(script->asked, 1u);
  caf::anon_send(fake, speak_atom::value);
  sched.run();
  CAF_CHECK_EQUAL(connect(), "");
  CAF_CHECK_EQUAL(script->asked, 2u);
}

CAF_TEST(an answer that is late serves the attempt that waits) {
  script->silent = true;
  CAF_CHECK_EQUAL(connect(5s), "no CAF node answers there");
  auto request = self->request(connector, caf::infinite, connect_node{});
  sched.run();
  caf::anon_send(fake, speak_atom::value);
  sched.run();
  request.receive([&](const node_gate_actor& x) { found = x; }, [&](const caf::error&) {});
  CAF_CHECK(found);
}

CAF_TEST(a gate that is gone is a lost connection) {
  caf::anon_send_exit(gate, caf::exit_reason::user_shutdown);
  sched.run();
  CAF_CHECK_EQUAL(connect(), "the connection is gone");
}

CAF_TEST_FIXTURE_SCOPE_END()
