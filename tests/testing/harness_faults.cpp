#include "testing/harness_impl.hpp"

#include <caf/send.hpp>

namespace cafbus::testing {

namespace {

template <class Handle>
void kill_now(const Handle& x) {
  if (x)
    caf::anon_send_exit(x, caf::exit_reason::kill);
}

} // namespace

/// From now on it is a stopped bus, which nobody can connect to.
void harness::impl::count_out(size_t bus) {
  buses[bus].stopped = true;
  for (auto& link : links)
    if (link.from == bus)
      link.wire->gate = nullptr;
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
  auto& wire = *impl_->links.at(link).wire;
  wire.shortest = shortest;
  wire.longest = longest;
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

void harness::stop_bus(size_t bus) {
  auto& x = impl_->buses.at(bus);
  impl_->note("stop bus=" + x.name);
  caf::anon_send(x.parts.bus, stop_within("stopped by the test"));
  impl_->count_out(bus);
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
