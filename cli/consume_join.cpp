#include "cli/consume_join.hpp"

#include "base/deadline.hpp"
#include "cli/console.hpp"
#include "cli/hook_surroundings.hpp"
#include "io/sockets/unix_socket.hpp"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace cafbus {

namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

/// Longer than the bus lets a hello wait for another consumer's cleanup, with its usual options.
constexpr nanoseconds hello_ack_timeout = 5s;
/// What a bus that runs no set-up for us has for its answer, however soon the run is to end: its events may be there.
constexpr nanoseconds shortest_answer_time = 2s;
/// What the processes of a bus under load need beyond its own limits.
constexpr nanoseconds margin = 5s;
/// No option is longer; what a peer says is added up.
constexpr nanoseconds longest_limit = 24h * 365;
/// How soon a bus that was busy is asked again: well within the tenth of a second that a user does not notice.
constexpr nanoseconds retry_pause = 40ms;

bool is_ours(const client& bus) {
  auto peer = peer_credentials(bus.fd());
  return peer && peer->uid == ::geteuid();
}

class joining {
public:
  joining(const app_paths& paths, const consume_request& request)
    : paths_(paths), request_(request),
      has_set_up_(!request.subscription.on_first.empty() || !request.subscription.on_last.empty()) {}

  join_outcome run(spawn_policy policy) {
    for (auto told = false;;) {
      auto found = reach_bus(paths_, policy, [this](client& bus) { return greet(bus); });
      const auto busy = !found && found.error().kind == failure_kind::unavailable;
      const auto unanswered = !found && found.error().kind == failure_kind::timed_out;
      if (unanswered && !limit_ && !(time_ && time_->is_over())) {
        limit(); // it lives, so it may just let a hello wait for longer than usual
        continue;
      }
      const auto late = busy || unanswered;
      if (late && time_ && time_->is_over())
        return {std::move(found), rejected_, true, 1ns};
      if (!busy || is_enough())
        return {std::move(found), rejected_, false, time_ ? std::max<nanoseconds>(time_->left(), 1ns) : 0ns};
      if (!std::exchange(told, true))
        say("waiting: " + found.error().text);
      // for want of room it says no at once
      sleep_for(time_ ? std::min(retry_pause, time_->left()) : retry_pause);
    }
  }

private:
  result<void> greet(client& bus) {
    if (!time_ && request_.timeout.count() != 0)
      time_.emplace(request_.timeout);
    rejected_ = false;
    auto ack = is_ours(bus) ? bus.subscribe(request_.subscription, patience())
                            : bus.subscribe(without_hook_surroundings(request_.subscription), patience());
    if (ack)
      return {};
    const auto kind = ack.error().kind;
    rejected_ = kind == failure_kind::refused || kind == failure_kind::unavailable;
    return ack.error();
  }

  nanoseconds patience() {
    auto result = has_set_up_ || limit_ ? limit() : hello_ack_timeout;
    if (!time_)
      return result;
    return std::min(result, has_set_up_ ? time_->left() : std::max(time_->left(), shortest_answer_time));
  }

  bool is_enough() {
    if (!tries_)
      tries_.emplace(limit());
    return tries_->is_over();
  }

  /// Asked of the bus, once, since the times are its options.
  nanoseconds limit() {
    if (!limit_) {
      runtime_limits known; // the defaults, for a bus that does not say
      if (auto bus = client::connect(paths_.socket, connect_timeout))
        if (auto status = bus->ask_status(answer_timeout); status && status->limits)
          known = status->limits->limits;
      limit_ = admission_time(known);
    }
    return *limit_;
  }

  const app_paths& paths_;
  const consume_request& request_;
  const bool has_set_up_;
  std::optional<deadline> time_;  // of the run
  std::optional<deadline> tries_; // of a bus that is busy
  std::optional<nanoseconds> limit_;
  bool rejected_ = false;
};

} // namespace

nanoseconds admission_time(const runtime_limits& limits) {
  auto bounded = [](nanoseconds x) { return std::clamp(x, nanoseconds{0}, longest_limit); };
  return 2 * bounded(limits.cleanup_wait) + std::max(bounded(limits.hook_timeout), bounded(limits.cleanup_lease)) +
         margin;
}

join_outcome join_bus(const app_paths& paths, const consume_request& request, spawn_policy policy) {
  return joining{paths, request}.run(policy);
}

} // namespace cafbus
