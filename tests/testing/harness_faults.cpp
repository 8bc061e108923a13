#include "testing/harness_impl.hpp"

#include <caf/send.hpp>

namespace cafbus::testing {

namespace {

template <class Handle>
void kill_now(const Handle& x) {
  if (x)
    caf::anon_send_exit(x, caf::exit_reason::kill);
}

wire_side origin_of(flow x) {
  return x == flow::events ? far : near;
}

std::string word_of(flow x) {
  return x == flow::events ? "events" : "answers";
}

} // namespace

/// From now on it is a stopped bus, which nobody can connect to.
void harness::impl::count_out(size_t bus) {
  buses[bus].stopped = true;
  for (auto& link : links)
    if (link.from == bus)
      link.wire->gate = nullptr;
}

/// The sources and consumers that it had.
void harness::impl::end_users_of(size_t bus) {
  ledger.on_crashed(buses[bus].parts.node);
  for (auto& x : sources)
    if (x.bus == bus) {
      x.record->silent = true;
      kill_now(x.actor);
    }
  for (auto& x : consumers)
    if (x.bus == bus) {
      x.record->over = true;
      kill_now(x.actor);
    }
}

// -- links -----------------------------------------------------------------------------------------------------------

void harness::cut(size_t link, duration notice) {
  impl_->note("cut link=" + std::to_string(link));
  impl_->links.at(link).wire->cut(notice);
}

void harness::heal(size_t link) {
  impl_->note("heal link=" + std::to_string(link));
  impl_->links.at(link).wire->up = true;
}

void harness::delay(size_t link, duration shortest, duration longest) {
  impl_->note("delay link=" + std::to_string(link));
  impl_->links.at(link).wire->latency = {wire_latency{shortest, longest}, {shortest, longest}};
}

void harness::delay(size_t link, flow direction, duration shortest, duration longest) {
  impl_->note("delay link=" + std::to_string(link) + " direction=" + word_of(direction));
  impl_->links.at(link).wire->latency[origin_of(direction)] = {shortest, longest};
}

void harness::bandwidth(size_t link, flow direction, uint64_t bytes_per_second) {
  impl_->note("bandwidth link=" + std::to_string(link) + " direction=" + word_of(direction) +
              " bytes-per-second=" + std::to_string(bytes_per_second));
  impl_->links.at(link).wire->bandwidth[origin_of(direction)] = bytes_per_second;
}

void harness::block(size_t link, flow direction) {
  impl_->note("block link=" + std::to_string(link) + " direction=" + word_of(direction));
  impl_->links.at(link).wire->blocked[origin_of(direction)] = true;
}

void harness::unblock(size_t link, flow direction) {
  impl_->note("unblock link=" + std::to_string(link) + " direction=" + word_of(direction));
  impl_->links.at(link).wire->unblock(origin_of(direction));
}

void harness::reset(size_t link) {
  impl_->note("reset link=" + std::to_string(link));
  impl_->links.at(link).wire->reset();
}

void harness::kill_export(size_t link) {
  impl_->note("kill-export link=" + std::to_string(link));
  impl_->links.at(link).wire->kill_exports();
}

// -- consumers and sources -------------------------------------------------------------------------------------------

void harness::kill_consumer(size_t consumer) {
  auto& x = impl_->consumers.at(consumer);
  impl_->note("kill consumer=" + x.record->name);
  x.record->over = true;
  kill_now(x.actor);
}

void harness::stick(size_t consumer) {
  auto& x = impl_->consumers.at(consumer);
  impl_->note("stick consumer=" + x.record->name);
  x.record->stuck = true;
}

void harness::release(size_t consumer) {
  auto& x = impl_->consumers.at(consumer);
  impl_->note("release consumer=" + x.record->name);
  if (x.actor)
    caf::anon_send(x.actor, release_credit{});
}

void harness::kill_source(size_t source) {
  auto& x = impl_->sources.at(source);
  impl_->note("kill source=" + x.record->name);
  if (x.record->script.attached)
    impl_->count_out(x.bus);
  kill_now(x.actor);
}

// -- buses and actors ------------------------------------------------------------------------------------------------

void harness::skew_clock(size_t bus, duration x) {
  auto& y = impl_->buses.at(bus);
  impl_->note("skew-clock bus=" + y.name + " by=" + std::to_string(x.count()));
  *y.skew = x;
}

void harness::stop_bus(size_t bus) {
  auto& x = impl_->buses.at(bus);
  impl_->note("stop bus=" + x.name);
  caf::anon_send(x.parts.bus, stop_within("stopped by the test"));
  impl_->count_out(bus);
}

void harness::crash_bus(size_t bus, duration notice) {
  auto& x = impl_->buses.at(bus);
  impl_->note("crash bus=" + x.name);
  impl_->count_out(bus);
  for (auto& link : impl_->links)
    if (link.from == bus || link.to == bus) {
      const auto was_up = link.wire->up;
      link.wire->cut(notice); // whatever its actors say from now on, nobody hears it
      link.wire->up = was_up;
    }
  impl_->end_users_of(bus);
  kill_now(x.parts.bus);
  kill_now(x.gate);
  kill_now(x.listener);
}

void harness::restart_bus(size_t bus) {
  auto options = impl_->buses.at(bus).options;
  options.node = 0;
  restart_bus(bus, std::move(options));
}

void harness::restart_bus(size_t bus, bus_options options) {
  constexpr uint64_t first_node = 1'000'000; // beyond those of buses that were not restarted
  auto& x = impl_->buses.at(bus);
  impl_->note("restart bus=" + x.name);
  options.app = x.name;
  if (options.node == 0)
    options.node = first_node + ++impl_->last_restart;
  impl_->end_users_of(bus);
  x.options = std::move(options);
  x.stopped = false;
  impl_->spawn_parts(bus);
  for (size_t i = 0; i < impl_->links.size(); ++i) {
    if (impl_->links[i].from == bus)
      impl_->links[i].wire->gate = x.gate;
    if (impl_->links[i].to == bus)
      impl_->attach_import(i);
  }
}

void harness::hold(const std::string& actor_name, duration x) {
  impl_->note("hold actor=" + actor_name);
  impl_->release_parked();
  impl_->held[{impl::nobody, actor_name}] = impl_->scheduler.clock().now() + x;
}

void harness::hold(size_t bus, const std::string& actor_name, duration x) {
  impl_->note("hold bus=" + impl_->buses.at(bus).name + " actor=" + actor_name);
  impl_->release_parked();
  impl_->held[{bus, actor_name}] = impl_->scheduler.clock().now() + x;
}

} // namespace cafbus::testing
