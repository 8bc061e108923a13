#include "actors/subscriptions.hpp"

#include <algorithm>
#include <utility>

namespace cafbus {

// -- coming --------------------------------------------------------------------------------------------------------

void subscriptions::enter(const std::string& id, newcomer x) {
  involve(id, x.member);
  auto& s = entries_[id];
  if (s.stage != phase::open) {
    s.waiters.push_back(std::move(x));
    return;
  }
  let_in(id, s, std::move(x));
  open(id, s);
}

/// @pre the id is open
void subscriptions::let_in(const std::string& id, subscription& x, newcomer who) {
  if (keep_out(id, x, who))
    return;
  if (who.hooks.on_first.empty() || !x.members.empty()) {
    admit(id, x, std::move(who));
    return;
  }
  x.setting_up = std::move(who);
  begin_hook(id, x, phase::setting_up);
}

void subscriptions::admit(const std::string& id, subscription& x, newcomer who) {
  auto known = std::ranges::find(x.members, who.member, &member::id);
  if (known != x.members.end())
    release(id, who.member); // once for each time that it came
  else
    known = x.members.insert(known, {who.member, x.members.empty(), who.exclusive, who.pid});
  if (!who.hooks.on_last.empty())
    x.last = std::move(who.hooks);
  to_do_.answers.push_back({who.ticket, {true, known->first, reject_code::unknown, {}}});
}

void subscriptions::refuse(const std::string& id, const newcomer& who, reject_code code, std::string reason) {
  to_do_.answers.push_back({who.ticket, {false, false, code, std::move(reason)}});
  release(id, who.member);
}

/// Refuses `who` if it, or somebody who is in, wants to be the only one.
bool subscriptions::keep_out(const std::string& id, const subscription& x, const newcomer& who) {
  auto other = [&](const member& y) { return y.id != who.member && (who.exclusive || y.exclusive); };
  auto owner = std::ranges::find_if(x.members, other);
  if (owner == x.members.end())
    return false;
  refuse(id, who, reject_code::exclusive, // in the original's words
         "another consumer (pid " + std::to_string(owner->pid) + ") is already running for this subscription");
  return true;
}

/// Admits waiting newcomers while the id is open, and forgets an unused id.
void subscriptions::open(const std::string& id, subscription& x) {
  while (x.stage == phase::open && !x.waiters.empty()) {
    auto next = std::move(x.waiters.front());
    x.waiters.pop_front();
    let_in(id, x, std::move(next));
  }
  if (x.stage == phase::open && x.members.empty())
    entries_.erase(id);
  start_hooks();
}

void subscriptions::give_up_waiting(const std::string& id, uint64_t ticket) {
  auto i = entries_.find(id);
  if (i == entries_.end())
    return;
  auto& s = i->second;
  auto waiter = std::ranges::find(s.waiters, ticket, &newcomer::ticket);
  if (waiter != s.waiters.end()) {
    refuse(id, *waiter, reject_code::busy,
           waiter->exclusive ? "timed out waiting for the previous consumer's cleanup to finish; retry shortly"
                             : busy_text(id, s));
    s.waiters.erase(waiter);
  } else if (s.stage == phase::setting_up && s.ticket == 0 && s.setting_up->ticket == ticket) {
    refuse(id, *s.setting_up, reject_code::busy, busy_text(id, s));
    drop_set_up(id, s);
  }
}

std::string subscriptions::busy_text(const std::string& id, const subscription& x) const {
  if (x.stage == phase::locked)
    return "the last consumer of subscription '" + id + "', pid " + std::to_string(x.members.front().pid) +
           ", is cleaning up; try again";
  std::string hook = x.stage == phase::setting_up ? "on_first" : "on_last";
  if (x.ticket == 0)
    return "the " + hook + " hook of subscription '" + id +
           "' is still waiting for its turn: " + std::to_string(running_) +
           " hooks are running, as many as the bus runs at a time (option max-hooks); try again";
  return "the " + hook + " hook of subscription '" + id + "' is still running; try again";
}

// -- going ---------------------------------------------------------------------------------------------------------

bool subscriptions::leave(const std::string& id, member_id who) {
  auto i = entries_.find(id);
  if (i == entries_.end() || std::ranges::find(i->second.members, who, &member::id) == i->second.members.end())
    return false;
  auto last = i->second.members.size() == 1;
  remove(id, i->second, who);
  return last;
}

/// @pre `who` is in
void subscriptions::remove(const std::string& id, subscription& x, member_id who) {
  std::erase_if(x.members, [&](const member& y) { return y.id == who; });
  release(id, who);
  if (x.stage == phase::locked) // it was the holder, since it was the only one
    x.stage = phase::open;
  if (x.members.empty())
    clean_up(id, x);
  open(id, x);
}

void subscriptions::gone(member_id who) {
  auto known = ids_of_.find(who);
  if (known == ids_of_.end())
    return;
  for (const auto& id : std::vector<std::string>{known->second}) {
    auto i = entries_.find(id);
    if (i == entries_.end())
      continue;
    auto& s = i->second;
    for (auto n = std::erase_if(s.waiters, [&](const newcomer& x) { return x.member == who; }); n > 0; --n)
      release(id, who);
    if (s.setting_up && s.setting_up->member == who && !s.setting_up->gone) {
      release(id, who);
      if (s.ticket != 0) {
        s.setting_up->gone = true; // its hook goes on: what it has done must be undone
      } else {
        drop_set_up(id, s);
        continue;
      }
    }
    leave(id, who);
  }
}

// -- hooks ---------------------------------------------------------------------------------------------------------

/// The hook of a newcomer that is not to be let in any more, and that has not been started, gives its turn back.
void subscriptions::drop_set_up(const std::string& id, subscription& x) {
  std::erase(set_ups_, id);
  x.setting_up.reset();
  x.stage = phase::open;
  open(id, x);
}

/// @pre there is no member
void subscriptions::clean_up(const std::string& id, subscription& x) {
  if (!x.last.on_last.empty() || x.left_processes)
    begin_hook(id, x, phase::cleaning_up);
}

void subscriptions::begin_hook(const std::string& id, subscription& x, phase what) {
  auto sets_up = what == phase::setting_up;
  if (no_more_hooks_) {
    to_do_.omitted.push_back({id, sets_up ? hook_kind::on_first : hook_kind::on_last});
    if (sets_up) {
      refuse(id, *x.setting_up, reject_code::set_up_failed, "the bus is stopping");
      x.setting_up.reset();
    }
    x.last = {};
    return;
  }
  x.stage = what;
  x.ticket = 0;
  (sets_up ? set_ups_ : clean_ups_).push_back(id);
}

void subscriptions::start_hooks() {
  while (running_ < max_hooks_ && !(set_ups_.empty() && clean_ups_.empty())) {
    auto& queue = clean_ups_.empty() ? set_ups_ : clean_ups_;
    auto id = std::move(queue.front());
    queue.pop_front();
    auto& s = entries_.at(id);
    s.ticket = ++last_ticket_;
    ++running_;
    if (s.stage == phase::setting_up)
      to_do_.hooks.push_back(
          {id, s.ticket, hook_kind::on_first, s.setting_up->hooks.on_first, context_of(s.setting_up->hooks)});
    else
      to_do_.hooks.push_back({id, s.ticket, hook_kind::on_last, s.last.on_last, context_of(s.last)});
  }
}

std::optional<hook_kind> subscriptions::hook_ended(const hook_done& x) {
  auto i = entries_.find(x.subscription_id);
  if (i == entries_.end() || i->second.ticket != x.ticket || i->second.stage == phase::locked)
    return std::nullopt;
  auto& s = i->second;
  auto was = std::exchange(s.stage, phase::open);
  s.ticket = 0;
  --running_;
  if (was == phase::setting_up) {
    after_on_first(x.subscription_id, s, x);
  } else {
    s.last = {};
    s.left_processes = false;
  }
  open(x.subscription_id, s);
  return was == phase::setting_up ? hook_kind::on_first : hook_kind::on_last;
}

void subscriptions::after_on_first(const std::string& id, subscription& x, const hook_done& how) {
  auto who = std::move(*x.setting_up);
  x.setting_up.reset();
  if (!how.ok) {
    if (!who.gone)
      refuse(id, who, reject_code::set_up_failed,
             "the on_first hook of subscription '" + id + "' failed: " + how.detail);
    return; // the next one tries again
  }
  x.left_processes = how.left_processes > 0;
  if (!who.gone) {
    admit(id, x, std::move(who));
  } else if (!x.waiters.empty()) { // the hook has worked for those that have waited for it
    auto next = std::move(x.waiters.front());
    x.waiters.pop_front();
    if (next.hooks.on_last.empty())
      x.last = std::move(who.hooks);
    admit(id, x, std::move(next));
  } else {
    x.last = std::move(who.hooks);
    clean_up(id, x);
  }
}

void subscriptions::start_no_more_hooks() {
  no_more_hooks_ = true;
  for (auto& id : std::exchange(clean_ups_, {})) {
    to_do_.omitted.push_back({id, hook_kind::on_last});
    auto& s = entries_.at(id);
    s.stage = phase::open;
    s.last = {};
    s.left_processes = false;
    open(id, s);
  }
  for (auto& id : std::exchange(set_ups_, {})) {
    to_do_.omitted.push_back({id, hook_kind::on_first});
    auto& s = entries_.at(id);
    refuse(id, *s.setting_up, reject_code::set_up_failed, "the bus is stopping");
    drop_set_up(id, s);
  }
}

void subscriptions::set_max_hooks(size_t x) {
  max_hooks_ = x;
  start_hooks();
}

// -- lock ----------------------------------------------------------------------------------------------------------

uint64_t subscriptions::try_lock(const std::string& id, member_id who) {
  auto i = entries_.find(id);
  if (i == entries_.end() || i->second.stage != phase::open || i->second.members.size() != 1 ||
      i->second.members.front().id != who)
    return 0;
  i->second.stage = phase::locked;
  return i->second.ticket = ++last_ticket_;
}

bool subscriptions::lease_over(const std::string& id, uint64_t ticket) {
  auto i = entries_.find(id);
  if (i == entries_.end() || i->second.stage != phase::locked || i->second.ticket != ticket)
    return false;
  i->second.stage = phase::open;
  i->second.ticket = 0;
  open(id, i->second);
  return true;
}

// ------------------------------------------------------------------------------------------------------------------

subscriptions::phase subscriptions::phase_of(const std::string& id) const {
  auto i = entries_.find(id);
  return i == entries_.end() ? phase::open : i->second.stage;
}

std::vector<std::string> subscriptions::waiting_for_on_last() const {
  std::vector<std::string> result;
  for (const auto& [id, x] : entries_)
    if (!x.members.empty() && !x.last.on_last.empty())
      result.push_back(id);
  return result;
}

void subscriptions::involve(const std::string& id, member_id who) {
  ids_of_[who].push_back(id);
}

void subscriptions::release(const std::string& id, member_id who) {
  auto i = ids_of_.find(who);
  if (i == ids_of_.end())
    return;
  if (auto once = std::ranges::find(i->second, id); once != i->second.end())
    i->second.erase(once);
  if (i->second.empty()) {
    ids_of_.erase(i);
    to_do_.forgotten.push_back(who);
  }
}

} // namespace cafbus
