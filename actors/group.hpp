#pragma once
#include "actors/group_work.hpp"
#include "actors/mailbox_bounds.hpp"
#include "config/bus_options.hpp"
#include "messages/actors.hpp"

#include <caf/fwd.hpp>

namespace cafbus {

struct group_options {
  hub_actor hub = {};
  mailbox_bounds bounds;
  consumer_info info = {};         ///< What all of its members ask for.
  compiled_filter_ptr filter = {}; ///< Of `info`; null: none.
  cafbus::wall_clock wall_clock = {};
};

/// Spawns a group. For the hub it is one subscriber like any other, with a conn of its own, whose bounded mailbox drops
/// the oldest; what that delivers it shares out among its members by `group_work`, and it takes the next delivery when
/// the members have all of this one. For its members it is what a conn is for other subscribers.
///
/// It notices by itself which members end, and ends when it has none and `close_group` has come.
///
/// Runs where hub and conns run.
group_actor spawn_group(caf::actor_system& system, group_options options);

/// Whether a consumer may be a member of a group with what it asks for. The text of a failure is for the consumer.
result<void> check_group(const consumer_info& x);

/// How what a consumer asks for differs from what the members of its group have asked for; empty: not at all.
std::string difference(const consumer_info& group, const consumer_info& x);

} // namespace cafbus
