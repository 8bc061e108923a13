#include "testing/node_wire.hpp"

#include "config/defaults.hpp"

#include <algorithm>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>
#include <functional>
#include <map>
#include <utility>

namespace cafbus::testing {

namespace {

/// INTERNAL timer: something has come to the end of its way.
struct arrived {
  uint64_t ticket = 0;
};

/// What has waited for a direction to be unblocked may go.
struct flow_again {};

} // namespace

} // namespace cafbus::testing

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::testing::arrived)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::testing::flow_again)

namespace cafbus::testing {

namespace {

using std::chrono::nanoseconds;

/// Of a message of which the length does not matter, about.
constexpr size_t short_message = 20;

/// On a real wire, about.
size_t bytes_of(const node_events& x) {
  return short_message + x.body.size();
}
size_t bytes_of(const node_interest& x) {
  auto result = short_message;
  for (const auto& type : x.types)
    result += short_message + type.size();
  return result;
}

template <class Handle>
void end_later(const Handle& x, nanoseconds delay) {
  if (x)
    caf::delayed_anon_send(
        caf::actor_cast<caf::actor>(x), delay,
        caf::exit_msg{caf::actor_addr{}, caf::make_error(caf::exit_reason::remote_link_unreachable)});
}

/// What is on its way, in order.
template <class Self>
class transit {
public:
  transit(Self* self, std::shared_ptr<node_wire> wire) : self_{self}, wire_{std::move(wire)} {}

  void after_a_while(wire_side from, size_t bytes, std::function<void()> what) {
    if (wire_->blocked[from] || !stalled_.empty())
      return stalled_.push_back({bytes, std::move(what)});
    auto now = self_->clock().now();
    free_at_ = std::max(free_at_, wire_->sent(from, bytes, now) + wire_->delay(from));
    if (free_at_ <= now && waiting_.empty())
      return what();
    waiting_.emplace(++last_, std::move(what));
    self_->delayed_send(self_, free_at_ - now, arrived{last_});
  }

  void on_arrived(const arrived& x) {
    auto entry = waiting_.extract(x.ticket);
    if (!entry.empty())
      entry.mapped()();
  }

  void on_flow_again(wire_side from) {
    for (auto& x : std::exchange(stalled_, {}))
      after_a_while(from, x.bytes, std::move(x.what));
  }

private:
  struct sending {
    size_t bytes;
    std::function<void()> what;
  };

  Self* self_;
  std::shared_ptr<node_wire> wire_;
  std::vector<sending> stalled_;
  std::map<uint64_t, std::function<void()>> waiting_;
  uint64_t last_ = 0;
  caf::actor_clock::time_point free_at_{};
};

// -- an end ----------------------------------------------------------------------------------------------------------

using end_impl = wire_end_actor::extend<caf::reacts_to<arrived>, caf::reacts_to<flow_again>>;

struct wire_end_state {
  static inline const char* name = "wire-end";

  explicit wire_end_state(end_impl::pointer self) : self{self} {}
  wire_end_state(const wire_end_state&) = delete;
  wire_end_state& operator=(const wire_end_state&) = delete;

  /// Its end reaches the other end as the end of what it stands for.
  ~wire_end_state() {
    if (monitored)
      self->demonitor(monitored);
    auto other = link->ends[1 - side];
    if (other && !link->broken)
      end_later(other, wire->delay(side));
    link->ends[side] = nullptr;
    if (side == far)
      link->exporter = nullptr;
    else
      link->importer = nullptr;
  }

  void watch(const caf::actor_addr& x) {
    if (monitored || !x)
      return;
    monitored = x;
    self->monitor(x);
  }

  /// From this side's actor over to the other end, or from there to this side's actor; the answer the same way back.
  template <class Answer, class Question, class Local>
  caf::result<Answer> pass(Question& x, const Local& local) {
    auto incoming = self->current_sender() == link->ends[1 - side];
    auto promise = self->make_response_promise<Answer>(); // takes the sender away
    if (incoming) {
      if (local)
        watch(local.address());
      // the answer is on its way for a while, too
      auto answer = [this, promise](Answer y) mutable {
        way->after_a_while(side, short_message, [this, promise, y]() mutable {
          if (!link->broken)
            promise.deliver(y);
        });
      };
      if (local)
        self->request(local, caf::infinite, std::move(x)).then(answer, [](const caf::error&) {});
      return promise;
    }
    const auto bytes = bytes_of(x);
    way->after_a_while(side, bytes, [this, promise, x = std::move(x)]() mutable {
      if (const auto& other = link->ends[1 - side]; other && !link->broken)
        self->request(other, caf::infinite, std::move(x))
            .then([promise](Answer y) mutable { promise.deliver(std::move(y)); }, [](const caf::error&) {});
    });
    return promise;
  }

  end_impl::pointer self;
  std::shared_ptr<node_wire> wire;
  std::shared_ptr<wire_connection> link;
  std::unique_ptr<transit<end_impl::base>> way;
  caf::actor_addr monitored;
  wire_side side = far;
};

end_impl::behavior_type wire_end(end_impl::stateful_pointer<wire_end_state> self, std::shared_ptr<node_wire> wire,
                                 std::shared_ptr<wire_connection> link, wire_side side) {
  auto& state = self->state;
  state.wire = std::move(wire);
  state.link = std::move(link);
  state.side = side;
  state.way = std::make_unique<transit<end_impl::base>>(self, state.wire);
  if (side == near)
    state.watch(state.link->importer.address());
  self->set_down_handler([self](const caf::down_msg& x) { self->quit(x.reason); });
  self->set_error_handler([](caf::error&) {});
  return {
      [&state](node_events& x) { return state.pass<node_events_taken>(x, state.link->importer); },
      [&state](node_interest& x) { return state.pass<node_interest_taken>(x, state.link->exporter); },
      [&state](const arrived& x) { state.way->on_arrived(x); },
      [&state](const flow_again&) { state.way->on_flow_again(state.side); },
  };
}

// -- connecting
// --------------------------------------------------------------------------------------------------------

using door_actor = node_gate_actor::extend<caf::reacts_to<arrived>>;

/// Stands for the gate, for one connection.
struct wire_door_state {
  static inline const char* name = "wire-door";
  explicit wire_door_state(door_actor::pointer self) : self{self} {}

  caf::result<node_welcome> on_hello(const node_hello& x) {
    auto promise = self->make_response_promise<node_welcome>();
    way->after_a_while(near, short_message, [this, promise, x]() mutable { introduce(promise, x); });
    return promise;
  }

  void introduce(caf::typed_response_promise<node_welcome> promise, node_hello x) {
    if (!wire->up || !wire->gate)
      return self->quit(caf::exit_reason::remote_link_unreachable);
    auto link = std::make_shared<wire_connection>();
    link->importer = x.importer;
    link->ends[far] = self->spawn(wire_end, wire, link, far);
    link->ends[near] = self->spawn(wire_end, wire, link, near);
    std::erase_if(wire->connections, [](const auto& y) { return !y->ends[far] && !y->ends[near]; });
    wire->connections.push_back(link);
    x.importer = link->ends[far];
    self->request(wire->gate, defaults::node_connect_timeout, x)
        .then(
            [this, promise, link](const node_welcome& y) mutable {
              link->exporter = y.exporter;
              auto answer = y;
              if (y.exporter && link->ends[near])
                answer.exporter = link->ends[near];
              way->after_a_while(far, short_message, [this, promise, link, answer]() mutable {
                if (!link->broken)
                  promise.deliver(answer);
                self->quit(caf::exit_reason::user_shutdown);
              });
            },
            [this](const caf::error&) { self->quit(caf::exit_reason::remote_link_unreachable); });
  }

  door_actor::pointer self;
  std::shared_ptr<node_wire> wire;
  std::unique_ptr<transit<door_actor::base>> way;
};

door_actor::behavior_type wire_door(door_actor::stateful_pointer<wire_door_state> self,
                                    std::shared_ptr<node_wire> wire) {
  auto& state = self->state;
  state.wire = std::move(wire);
  state.way = std::make_unique<transit<door_actor::base>>(self, state.wire);
  self->set_error_handler([](caf::error&) {});
  // whoever has connected and then says nothing, or ends meanwhile, is not waited for
  self->delayed_send(self, 2 * defaults::node_connect_timeout, arrived{0});
  return {[&state](const node_hello& x) { return state.on_hello(x); },
          [self, &state](const arrived& x) {
            if (x.ticket == 0)
              self->quit(caf::exit_reason::user_shutdown);
            else
              state.way->on_arrived(x);
          }};
}

node_connector_actor::behavior_type wire_connector(node_connector_actor::pointer self,
                                                   const std::shared_ptr<node_wire>& wire) {
  return {[self, wire](const connect_node&) -> caf::result<node_gate_actor> {
    if (!wire->up || !wire->gate)
      return caf::make_error(caf::sec::cannot_connect_to_node, std::string{"connection refused"});
    return node_gate_actor{self->spawn(wire_door, wire)};
  }};
}

} // namespace

nanoseconds node_wire::delay(wire_side from) const {
  const auto [shortest, longest] = latency[from];
  if (longest <= shortest)
    return shortest;
  return shortest + nanoseconds{(*random)() % static_cast<uint64_t>((longest - shortest).count() + 1)};
}

caf::actor_clock::time_point node_wire::sent(wire_side from, size_t bytes, caf::actor_clock::time_point now) {
  auto& busy = busy_until[from];
  if (bandwidth[from] == 0)
    return busy = now;
  const auto time = static_cast<double>(bytes) / static_cast<double>(bandwidth[from]);
  return busy = std::max(busy, now) +
                std::chrono::duration_cast<caf::actor_clock::duration_type>(std::chrono::duration<double>{time});
}

void node_wire::cut(nanoseconds notice) {
  up = false;
  for (auto& x : connections) {
    x->broken = true;
    for (const auto& end : x->ends)
      end_later(end, nanoseconds{(*random)() % static_cast<uint64_t>(std::max<int64_t>(0, notice.count()) + 1)});
  }
}

void node_wire::unblock(wire_side from) {
  blocked[from] = false;
  for (const auto& x : connections)
    if (x->ends[from])
      caf::anon_send(caf::actor_cast<caf::actor>(x->ends[from]), flow_again{});
}

void node_wire::reset() {
  const auto was_up = up;
  cut(nanoseconds{0});
  up = was_up;
}

void node_wire::kill_exports() {
  for (auto& x : connections)
    if (x->exporter)
      caf::anon_send_exit(x->exporter, caf::exit_reason::kill);
}

node_connector_actor spawn_wire_connector(caf::actor_system& system, std::shared_ptr<node_wire> wire) {
  return system.spawn(wire_connector, std::move(wire));
}

} // namespace cafbus::testing
