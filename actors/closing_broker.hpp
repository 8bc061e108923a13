#pragma once
#include <caf/execution_unit.hpp>
#include <caf/scheduled_actor.hpp>

namespace cafbus {

/// A broker that closes its mailbox when it ends, as every other actor does.
///
/// CAF 0.17: abstract_broker::cleanup skips scheduled_actor::cleanup. The mailbox of a broker that has ended would stay
/// open: requests to it would wait for ever, and what is sent to it, often with a handle of an actor that holds the
/// broker's own, would keep both alive for ever.
/// @tparam Base A typed broker.
template <class Base>
class closing_broker : public Base {
public:
  using Base::Base;

  bool cleanup(caf::error&& reason, caf::execution_unit* host) override {
    this->close_all();
    return caf::scheduled_actor::cleanup(std::move(reason), host); // NOLINT(bugprone-parent-virtual-call): see above
  }
};

} // namespace cafbus
