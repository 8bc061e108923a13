#pragma once
#include "config/bus_options.hpp"
#include "messages/actors.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>

namespace cafbus {

class queue_budget;

/// Which groups there are. A group is spawned for its first member and told to close when its last has ended; who comes
/// then begins another one of that name.
///
/// Invariant: each entry has a member that has not ended, and each member is monitored once.
struct groups_state {
  static inline const char* name = "groups";

  explicit groups_state(groups_actor::pointer self) : self{self} {}
  ~groups_state();
  groups_state(const groups_state&) = delete;
  groups_state& operator=(const groups_state&) = delete;

  struct entry {
    group_actor group;
    consumer_info info; ///< What its members have asked for.
    std::set<caf::actor_addr> members;
  };

  caf::result<group_entered> on_enter(const enter_group& x);
  caf::result<drained> on_drain();
  caf::result<group_list> on_list();
  void on_down(const caf::actor_addr& who);
  void on_stalled(const member_stalled& x);

  groups_actor::pointer self;
  hub_actor hub;
  runtime_limits limits;
  cafbus::wall_clock wall_clock;
  std::shared_ptr<queue_budget> budget;
  std::map<std::string, entry> groups;
};

groups_actor::behavior_type groups(groups_actor::stateful_pointer<groups_state> self, const hub_actor& hub,
                                   const bus_options& options, const std::shared_ptr<queue_budget>& budget);

} // namespace cafbus
