#include "actors/groups.hpp"

#include "actors/group.hpp"

#include <algorithm>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

namespace cafbus {

namespace {

/// Answers that come in one by one.
template <class Answer>
struct gathering {
  caf::typed_response_promise<Answer> promise;
  Answer result;
  size_t missing = 0;

  void arrived() {
    if (--missing == 0)
      promise.deliver(std::move(result));
  }
};

} // namespace

groups_state::~groups_state() {
  for (const auto& [name, x] : groups) {
    for (const auto& member : x.members)
      self->demonitor(member);
    caf::anon_send_exit(x.group, caf::exit_reason::user_shutdown);
  }
}

caf::result<group_entered> groups_state::on_enter(const enter_group& x) {
  if (auto checked = check_group(x.info); !checked)
    return group_entered{false, checked.error().text, {}};
  auto found = groups.find(x.info.group);
  if (found == groups.end()) {
    auto group = spawn_group(self->system(), {hub, bounds_of(limits, budget), x.info, x.filter, wall_clock});
    found = groups.emplace(x.info.group, entry{group, x.info, {}}).first;
  } else if (auto why = difference(found->second.info, x.info); !why.empty()) {
    return group_entered{false, std::move(why), {}};
  }
  if (found->second.members.insert(x.member.address()).second)
    self->monitor(x.member);
  return self->delegate(found->second.group, x);
}

void groups_state::on_down(const caf::actor_addr& who) {
  for (auto i = groups.begin(); i != groups.end();) {
    if (i->second.members.erase(who) != 0 && i->second.members.empty()) {
      self->send(i->second.group, close_group{});
      i = groups.erase(i);
    } else {
      ++i;
    }
  }
}

void groups_state::on_stalled(const member_stalled& x) {
  const auto who = x.member->address();
  auto is_in = [&who](const auto& y) { return y.second.members.contains(who); };
  auto found = groups.find(x.group);
  if (found == groups.end() || found->second.members.erase(who) == 0)
    return;
  if (std::ranges::none_of(groups, is_in))
    self->demonitor(who);
  if (!found->second.members.empty())
    return;
  self->send(found->second.group, close_group{});
  groups.erase(found);
}

caf::result<drained> groups_state::on_drain() {
  auto all = std::make_shared<gathering<drained>>();
  all->promise = self->make_response_promise<drained>();
  all->missing = groups.size() + 1;
  for (const auto& [name, x] : groups)
    self->request(x.group, caf::infinite, drain{})
        .then([all](const drained&) { all->arrived(); }, [all](const caf::error&) { all->arrived(); });
  auto promise = all->promise;
  all->arrived();
  return promise;
}

caf::result<group_list> groups_state::on_list() {
  auto all = std::make_shared<gathering<group_list>>();
  all->promise = self->make_response_promise<group_list>();
  all->missing = groups.size() + 1;
  all->result.groups.resize(groups.size());
  size_t place = 0;
  for (const auto& [name, x] : groups) {
    all->result.groups[place].status.name = name;
    self->request(x.group, caf::infinite, read_group{})
        .then(
            [all, place](const group_report& y) {
              all->result.groups[place] = y;
              all->arrived();
            },
            [all](const caf::error&) { all->arrived(); }); // it has just ended
    ++place;
  }
  auto promise = all->promise;
  all->arrived();
  return promise;
}

groups_actor::behavior_type groups(groups_actor::stateful_pointer<groups_state> self, const hub_actor& hub,
                                   const bus_options& options, const std::shared_ptr<queue_budget>& budget) {
  auto& state = self->state;
  state.hub = hub;
  state.limits = options;
  state.wall_clock = options.wall_clock;
  state.budget = budget;
  self->set_down_handler([&state](const caf::down_msg& x) { state.on_down(x.source); });
  self->set_error_handler([](caf::error&) {});
  return {
      [&state](const enter_group& x) { return state.on_enter(x); },
      [&state](const drain&) { return state.on_drain(); },
      [&state](const list_groups&) { return state.on_list(); },
      [&state](const member_stalled& x) { state.on_stalled(x); },
      [&state](const reconfigure& x) { state.limits = x; },
  };
}

} // namespace cafbus
