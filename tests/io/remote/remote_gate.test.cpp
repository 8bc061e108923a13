#include "actors/node_gate.hpp"
#include "config/link_limits.hpp"
#include "io/remote/remote_bus.hpp"
#include "messages/link_reader.hpp"
#include "messages/node_events.hpp"
#include "support/bus_fixture.hpp"

#include <caf/scoped_actor.hpp>
#include <list>

using namespace cafbus;

namespace {

using frames = std::vector<link_frame>;

/// A bus with a gate; the test is the other nodes.
struct remote_fixture : bus_fixture {
  struct node {
    explicit node(caf::actor_system& system) : self{system} {}
    caf::scoped_actor self;
    remote_gate_actor session; // once it has answered
    link_reader reader{link_side::caller};
    bool ended = false; // the session
  };

  ~remote_fixture() override {
    nodes.clear();
    sched.run();
  }

  node& call(const remote_gate_actor& to) {
    auto& x = nodes.emplace_back(sys);
    x.session = to;
    return x;
  }

  frames say_bytes(node& x, std::string bytes) {
    x.self->send(x.session, remote_bytes{std::move(bytes)});
    return heard(x);
  }

  frames say(node& x, const frames& what) {
    std::string bytes;
    for (const auto& frame : what) {
      if (std::holds_alternative<link_hello>(frame))
        x.reader.sent(link_kind::hello);
      if (std::holds_alternative<node_interest>(frame))
        x.reader.sent(link_kind::interest);
      if (std::holds_alternative<link_events_taken>(frame))
        x.reader.sent(link_kind::events_taken);
      bytes += encode_link(frame);
    }
    return say_bytes(x, bytes);
  }

  frames heard(node& x) {
    pass(10ms); // interest is collected for a while
    frames result;
    auto take = [&](const remote_bytes& y) {
      const auto from = caf::actor_cast<remote_gate_actor>(x.self->current_sender());
      if (from != x.session)
        x.self->monitor(from);
      x.session = from;
      for (std::string_view rest = y.bytes; !rest.empty();) {
        rest.remove_prefix(x.reader.read(rest));
        CAF_REQUIRE(!x.reader.offence());
        if (auto frame = x.reader.frame())
          result.push_back(std::move(*frame));
      }
    };
    while (x.self->has_next_message())
      x.self->receive(take, [&](const caf::down_msg&) { x.ended = true; });
    return result;
  }

  /// A link that asks for events of these types.
  node& linked(const remote_gate_actor& to, uint64_t number, const std::vector<std::string>& types = {"t"}) {
    auto& x = call(to);
    say(x, {link_greeting{}});
    say(x, {link_hello{number, "other", link_resume{}}});
    say(x, {node_interest{types, std::vector<node_path>(types.size(), {number}), {}}});
    say(x, {link_events_taken{}});
    return x;
  }

  std::vector<std::string> types_in(const frames& x, uint64_t number) {
    std::vector<std::string> result;
    for (const auto& frame : x)
      if (const auto* events = std::get_if<link_events>(&frame)) {
        auto decoded =
            events_decoder{{number, parts.node}}.decode({events->body}, [](const std::string&) { return true; });
        CAF_REQUIRE(decoded.batch != nullptr);
        result.insert(result.end(), decoded.batch->types.begin(), decoded.batch->types.end());
      }
    return result;
  }

  std::string bye_of(const frames& x) {
    const auto* result = x.empty() ? nullptr : std::get_if<link_bye>(&x.back());
    return result ? result->reason : "none";
  }

  std::vector<link_report> links() { return ask<status_response>(read_status{}).links; }

  /// The only one.
  link_report link() {
    const auto all = links();
    CAF_REQUIRE_EQUAL(all.size(), 1u);
    return all[0];
  }

  std::list<node> nodes;
  remote_gate_actor gate = spawn_remote_gate(sys, parts, short_idle());
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(remote_gate_tests, remote_fixture)

CAF_TEST(a node that calls is greeted and welcomed and gets what it asks for) {
  auto& x = call(gate);
  CAF_CHECK(say(x, {link_greeting{}}) == frames{link_greeting{}});
  CAF_CHECK(x.session != gate);
  auto answer = say(x, {link_hello{7, "other", link_resume{}}});
  CAF_REQUIRE(answer.size() == 1 && std::holds_alternative<link_welcome>(answer[0]));
  CAF_CHECK_EQUAL(std::get<link_welcome>(answer[0]).node, parts.node);
  answer = say(x, {node_interest{{"t"}, {{7}}, {}}});
  CAF_CHECK_EQUAL(answer.size(), 2u); // how far the stream is, and that the interest has been taken
  publish_events(3, "t");
  CAF_CHECK_EQUAL(types_in(heard(x), 7).size(), 1u);
  CAF_CHECK(link().peer == "other, caf");
  CAF_CHECK(link().received == 3);
}

CAF_TEST(what a node may read is what the gate was given and not what the node says) {
  auto narrow = spawn_remote_gate(sys, parts, short_idle(), {{false, {"t"}}, {}});
  auto& x = linked(narrow, 7, {"secret", "t"});
  publish_events(1, "secret");
  publish_events(1, "t");
  CAF_CHECK(types_in(heard(x), 7) == std::vector<std::string>{"t"});
}

CAF_TEST(a hello has no room for rights) {
  auto& x = call(gate);
  say(x, {link_greeting{}});
  auto hello = encode_link(link_hello{7, "other", link_resume{}});
  hello[0] = static_cast<char>(hello[0] + 1);
  CAF_CHECK_EQUAL(bye_of(say_bytes(x, hello + '\1')), text_of(link_offence::malformed));
  CAF_CHECK(x.ended);
  CAF_CHECK(links().empty());
}

CAF_TEST(wrong bytes end their session and no other) {
  auto& good = linked(gate, 7);
  for (const auto& wrong : {std::string{"GET / HTTP/1.0\r\n\r\n"}, std::string(100, '\xff'), std::string(16, '\0')}) {
    auto& bad = call(gate);
    CAF_CHECK(say_bytes(bad, wrong).empty());
    CAF_CHECK(alive(gate));
  }
  auto& late = linked(gate, 8);
  CAF_CHECK_EQUAL(bye_of(say_bytes(late, std::string("\xff\xff\xff\xff\x09", 5))), text_of(link_offence::too_long));
  CAF_CHECK(late.ended);
  publish_events(1, "t");
  CAF_CHECK_EQUAL(types_in(heard(good), 7).size(), 1u);
}

CAF_TEST(an interest is checked as over any link) {
  auto refused = [&](uint64_t node, const node_interest& x) {
    auto& caller = call(gate);
    say(caller, {link_greeting{}});
    say(caller, {link_hello{node, "other", link_resume{}}});
    return bye_of(say(caller, {x}));
  };
  CAF_CHECK_EQUAL(refused(7, {{""}, {{7}}, {}}), text_of(link_offence::bad_text));
  CAF_CHECK_EQUAL(refused(8, {{"a.>.b"}, {{7}}, {true}}), text_of(link_offence::bad_text));
  CAF_CHECK_EQUAL(refused(9, {{"t"}, {{}}, {}}), text_of(link_offence::too_many));
  CAF_CHECK_EQUAL(refused(10, {{"t"}, {node_path(defaults::max_node_hops + 1, 7)}, {}}),
                  text_of(link_offence::too_many));
}

CAF_TEST(what somebody else sends to a session is ignored) {
  auto& x = linked(gate, 7);
  auto& other = call(gate);
  other.session = x.session;
  say_bytes(other, std::string(100, '\xff'));
  CAF_CHECK(heard(x).empty());
  CAF_CHECK(!x.ended);
}

CAF_TEST(a node that is silent is given up after six seconds and its events are kept) {
  auto& x = linked(gate, 7);
  pass(2s);
  CAF_CHECK(heard(x) == frames{link_ping{}});
  for (int i = 0; i < 3; ++i)
    pass(2s);
  CAF_CHECK_EQUAL(bye_of(heard(x)), "it has been silent for too long");
  CAF_CHECK(x.ended);
  publish_events(2, "t");
  CAF_CHECK(link().state == source_state::reconnecting);
  CAF_CHECK(link().received == 2);
}

CAF_TEST(a node that does not introduce itself is given up) {
  auto& x = call(gate);
  say(x, {link_greeting{}});
  pass(defaults::node_connect_timeout);
  heard(x);
  CAF_CHECK(x.ended);
}

CAF_TEST(a node that ends is kept for and one that comes back gets what it has not taken) {
  auto& x = linked(gate, 7);
  publish_events(2, "t");
  heard(x);
  nodes.pop_front();
  sched.run();
  CAF_CHECK(link().state == source_state::reconnecting);
  auto& again = call(gate);
  say(again, {link_greeting{}});
  auto answer = say(again, {link_hello{7, "other", link_resume{parts.node, 1, 1}}});
  CAF_REQUIRE_EQUAL(answer.size(), 1u);
  CAF_CHECK(std::get<link_welcome>(answer[0]).exporter->resumed);
  CAF_CHECK_EQUAL(types_in(frames{say(again, {node_interest{{"t"}, {{7}}, {}}}).front()}, 7).size(), 1u);
}

CAF_TEST(of too many sessions the last gets no answer) {
  const auto most = 2 * defaults::max_node_links;
  for (size_t i = 0; i < most + 1; ++i)
    call(gate).self->send(gate, remote_bytes{encode_link(link_greeting{})});
  sched.run();
  CAF_CHECK(heard(nodes.back()).empty());
  nodes.pop_back();
  CAF_CHECK(heard(nodes.back()) == frames{link_greeting{}});
  nodes.pop_front();
  sched.run();
  CAF_CHECK(say(call(gate), {link_greeting{}}) == frames{link_greeting{}}); // there is room again
}

CAF_TEST(the gate ends with its bus and says so) {
  auto& x = linked(gate, 7);
  caf::anon_send_exit(parts.bus, caf::exit_reason::user_shutdown);
  CAF_CHECK_NOT_EQUAL(bye_of(heard(x)), "none");
  pass(1s);
  CAF_CHECK(!alive(gate));
  heard(x);
  CAF_CHECK(x.ended);
}

CAF_TEST_FIXTURE_SCOPE_END()
