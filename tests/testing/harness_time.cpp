// Which actor handles its next message, and when time goes by. A step costs the same however many actors wait: one of
// them is drawn and put at the head of CAF's list of jobs, in exchange for the one there. Those that are held are taken
// out of the list when they are drawn, until their time.

#include "testing/harness_impl.hpp"

#include <algorithm>
#include <caf/scheduled_actor.hpp>
#include <cstdlib>
#include <cxxabi.h>

namespace cafbus::testing {

namespace {

using namespace std::chrono_literals;

std::string in_words(const caf::type_erased_tuple& x) {
  std::string result;
  for (size_t i = 0; i < x.size(); ++i) {
    auto text = x.stringify(i);
    if (const auto* type = x.type(i).second; type && text.find("<unprintable>") != std::string::npos) {
      int status = 0;
      std::unique_ptr<char, void (*)(void*)> name{abi::__cxa_demangle(type->name(), nullptr, nullptr, &status),
                                                  std::free};
      text = status == 0 ? name.get() : type->name();
    }
    result.append(i == 0 ? "" : ", ").append(text);
  }
  std::replace(result.begin(), result.end(), '\n', ' ');
  return result;
}

} // namespace

harness::impl::impl(run_plan plan, const harness_options& options)
  : config{options}, system{config}, scheduler{dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler())},
    random{plan.seed}, lot{std::move(plan)}, network{options.sockets
                                                         ? dynamic_cast<simulated_network*>(&system.middleman())
                                                         : nullptr} {
  scheduler.clock().current_time += 1h; // zero is "never" to some
  began = scheduler.clock().now();
}

// -- a turn ----------------------------------------------------------------------------------------------------------

bool harness::impl::run_one_job() {
  auto& jobs = scheduler.jobs;
  unpark();
  if (!jobs.empty())
    if (auto x = lot.moment(); x > 0ns)
      advance_to(scheduler.clock().now() + x);
  while (!jobs.empty()) {
    if (auto i = lot.pick(jobs); i > 0) {
      if (lot.is_replay())
        explain_pick(i);
      std::swap(jobs.front(), jobs[i]);
    }
    if (park_front())
      continue;
    run_front();
    return true;
  }
  return false;
}

/// For people: what a decision of a replayed schedule means.
void harness::impl::explain_pick(size_t i) {
  constexpr size_t longest = 80;
  std::string text;
  run_trace::append_time(text, now());
  text += " " + to_string(lot.made().back()) + ":";
  for (auto place : {i, size_t{0}}) {
    auto* actor = actor_of(scheduler.jobs[place]);
    const auto* next = actor ? actor->mailbox().peek() : nullptr;
    text += (place == i ? " " : " comes before ") + (actor ? name_of(actor) : "a job");
    if (next)
      text += " (" + in_words(next->content()).substr(0, longest) + ")";
  }
  explained.push_back(std::move(text));
}

void harness::impl::run_front() {
  auto& jobs = scheduler.jobs;
  caf::intrusive_ptr<caf::resumable> job{jobs.front()}; // no other job gets its address meanwhile
  auto* actor = actor_of(job.get());
  if (actor)
    before_turn(*actor);
  auto newest = system.latest_actor_id();
  if (network && job->subtype() != caf::resumable::scheduled_actor)
    run_on(network->backend());
  else
    scheduler.run_once();
  ++steps;
  ++restless;
  if (actor && system.latest_actor_id() != newest)
    own(newest, owner_of(actor->id()));
  if (!jobs.empty() && jobs.front() == job.get()) { // CAF lets it go on; the others come first
    jobs.pop_front();
    jobs.push_back(job.get());
  }
  check_laws();
}

/// As the scheduler does for its own: what lives on the multiplexer's thread hands things on at once (inline_turn.hpp).
void harness::impl::run_on(caf::execution_unit& host) {
  auto& jobs = scheduler.jobs;
  auto* job = jobs.front();
  jobs.pop_front();
  switch (job->resume(&host, 1)) {
  case caf::resumable::resume_later:
    jobs.push_front(job);
    break;
  case caf::resumable::shutdown_execution_unit:
    break;
  default:
    caf::intrusive_ptr_release(job);
  }
}

void harness::impl::before_turn(caf::scheduled_actor& actor) {
  const auto id = actor.id();
  const auto is_hub = id < actors.size() && actors[id].is_hub;
  if (!is_hub && !trace.options.messages)
    return;
  const auto* next = actor.mailbox().peek();
  if (!next)
    return;
  if (trace.options.messages)
    trace_message(actor, *next);
  if (const auto bus = owner_of(id); is_hub && buses[bus].parts.hub.id() == id) // of this process, not an earlier one
    on_hub_turn(bus, *next);
}

void harness::impl::trace_message(const caf::scheduled_actor& to, const caf::mailbox_element& x) {
  const auto from = x.sender ? name_of(caf::actor_cast<caf::abstract_actor*>(x.sender)) : std::string{};
  const auto name = name_of(&to);
  auto what = in_words(x.content());
  if (what.size() > trace.options.longest_message)
    what.resize(trace.options.longest_message);
  if (!trace.options.filter || trace.options.filter({from, name, what}))
    note("message from=" + from + " to=" + name + " " + what);
}

// -- whose actor it is -----------------------------------------------------------------------------------------------

size_t harness::impl::owner_of(caf::actor_id x) const {
  return x < actors.size() && actors[x].owner > 0 ? actors[x].owner - 1 : nobody;
}

/// Those that were spawned after that one belong to the bus, too.
void harness::impl::own(caf::actor_id after, size_t bus) {
  if (bus == nobody)
    return;
  actors.resize(std::max<size_t>(actors.size(), system.latest_actor_id() + 1));
  for (auto id = after + 1; id < actors.size(); ++id)
    actors[id].owner = static_cast<uint32_t>(bus + 1);
}

std::string harness::impl::name_of(const caf::abstract_actor* x) const {
  if (!x)
    return {};
  if (auto i = names.find(x->id()); i != names.end())
    return i->second;
  const auto* local = dynamic_cast<const caf::local_actor*>(x);
  return (local ? std::string{local->name()} : "actor") + "#" + std::to_string(x->id());
}

// -- actors that are held --------------------------------------------------------------------------------------------

bool harness::impl::park_front() {
  if (held.empty())
    return false;
  const auto* actor = actor_of(scheduler.jobs.front());
  if (!actor)
    return false;
  auto until = time_point::min();
  for (auto bus : {nobody, owner_of(actor->id())})
    if (auto i = held.find({bus, actor->name()}); i != held.end())
      until = std::max(until, i->second);
  if (until <= scheduler.clock().now())
    return false;
  parked.push_back(scheduler.jobs.front());
  next_unpark = std::min(next_unpark, until);
  scheduler.jobs.pop_front();
  return true;
}

void harness::impl::unpark() {
  const auto now = scheduler.clock().now();
  if (next_unpark > now)
    return;
  std::erase_if(held, [now](const auto& x) { return x.second <= now; });
  release_parked();
}

/// Those that are still held are parked again when they are drawn.
void harness::impl::release_parked() {
  for (auto* job : std::exchange(parked, {}))
    scheduler.jobs.push_back(job);
  next_unpark = time_point::max();
}

// -- time ------------------------------------------------------------------------------------------------------------

std::optional<harness::impl::time_point> harness::impl::next_due() const {
  std::optional<time_point> result;
  if (const auto& timers = scheduler.clock().schedule(); !timers.empty())
    result = timers.begin()->first;
  if (!parked.empty() && (!result || next_unpark < *result))
    result = next_unpark;
  return result;
}

void harness::impl::advance_to(time_point x) {
  auto& clock = scheduler.clock();
  clock.advance_time(std::max(x - clock.now(), time_point::duration{0}));
}

/// Nobody has anything to do before that.
void harness::impl::pass_to(time_point x) {
  restless = 0;
  advance_to(x);
}

/// Time that goes by in moments does not count as rest: two actors that talk for ever do not stop them.
bool harness::impl::out_of_steps() {
  if (restless < restless_limit)
    return false;
  if (!gave_up) {
    gave_up = true;
    auto* next = scheduler.jobs.empty() ? nullptr : actor_of(scheduler.jobs.front());
    fail("no rest: " + std::to_string(restless) + " messages, and there was always another one, now for " +
         name_of(next) + "; if that would end, raise step_limit");
  }
  return true;
}

bool harness::impl::step() {
  if (out_of_steps())
    return false;
  if (run_one_job())
    return true;
  auto next = next_due();
  if (next)
    pass_to(*next);
  return next.has_value();
}

void harness::impl::settle() {
  while (!out_of_steps())
    if (!run_one_job()) {
      restless = 0;
      return;
    }
}

void harness::impl::run_for(duration x) {
  auto end = scheduler.clock().now() + x;
  while (!out_of_steps()) {
    if (run_one_job())
      continue;
    auto next = next_due();
    if (!next || *next > end)
      return pass_to(end);
    pass_to(*next);
  }
}

bool harness::impl::eventually(const std::function<bool()>& predicate, duration within, const std::string& what) {
  const auto end = scheduler.clock().now() + within;
  while (!out_of_steps()) {
    if (predicate())
      return true;
    if (scheduler.clock().now() > end)
      break;
    if (run_one_job())
      continue;
    auto next = next_due();
    if (!next || *next > end) {
      if (scheduler.clock().now() >= end)
        break;
      pass_to(end);
    } else {
      pass_to(*next);
    }
  }
  if (!gave_up)
    fail(what + ": not within " + std::to_string(within / 1ms) + " ms");
  return false;
}

// -- as users call it ------------------------------------------------------------------------------------------------

bool harness::step() {
  return impl_->step();
}

void harness::settle() {
  impl_->settle();
}

void harness::run_for(duration x) {
  impl_->run_for(x);
}

bool harness::eventually(const std::function<bool()>& predicate, duration within, const std::string& what) {
  return impl_->eventually(predicate, within, what);
}

void harness::step_limit(uint64_t messages) {
  impl_->restless_limit = messages;
}

harness::duration harness::now() const {
  return impl_->now();
}

} // namespace cafbus::testing
