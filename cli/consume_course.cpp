#include "cli/consume_course.hpp"

#include "actors/backoff.hpp"
#include "base/signals.hpp"
#include "cli/console.hpp"
#include "messages/event_encoder.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <utility>

namespace cafbus {

namespace {

using namespace std::chrono_literals;

constexpr auto first_pause = 100ms;
constexpr auto longest_pause = 5s;

} // namespace

consume_course::consume_course(app_paths paths, spawn_policy policy, consume_request& request)
  : paths_{std::move(paths)}, policy_{policy}, request_{request}, timeout_{request.timeout},
    began_text_{to_rfc3339(std::chrono::system_clock::now())} {}

result<void> consume_course::prepare(client bus, consume_means means) {
  began_ = clock::now();
  timeout_ = request_.timeout;
  session_.emplace(std::move(bus), std::move(means), request_, paths_.socket);
  return session_->prepare();
}

consume_end consume_course::run() {
  for (;;) {
    auto why = session_->run();
    add_up();
    const auto is_lost = why == consume_end::bus_shutdown || why == consume_end::connection_lost;
    if (!request_.reconnect || !is_lost || output_failed_)
      return why;
    if (session_->was_hurried())
      return consume_end::signal;
    if (!rejoin(why))
      return why;
  }
}

/// What a session that was cut off has left behind comes again.
void consume_course::add_up() {
  const auto& x = session_->totals();
  totals_.received += x.received;
  totals_.handled += x.handled;
  totals_.filtered += x.filtered;
  totals_.failed += x.failed;
  totals_.jq_errors += x.jq_errors;
  totals_.dropped += x.dropped;
  totals_.left = x.left;
  totals_.expired = totals_.expired || x.expired;
  totals_.confirmed = x.confirmed;
  output_failed_ = session_->output_failed();
}

/// The next session begins where the last one has ended, or where the run has begun.
void consume_course::begin_behind_it() {
  if (!request_.subscription.group.empty())
    request_.subscription.replay.reset(); // its group is another one then
  else if (!session_->last_cursor().empty())
    request_.subscription.replay = replay_wish{.cursor = session_->last_cursor()};
  else if (!request_.subscription.replay)
    request_.subscription.replay = replay_wish{.since = began_text_};
  if (request_.max_events != 0)
    request_.max_events -= session_->delivered();
  means_.emplace(session_->release());
  session_.reset();
}

/// @param why Why the last session has ended; the reason for which the run ends, if it does.
bool consume_course::rejoin(consume_end& why) {
  lost_at_ = clock::now();
  const auto policy = why == consume_end::bus_shutdown ? spawn_policy::never : policy_;
  begin_behind_it();
  say("reconnecting");
  backoff pauses{first_pause, longest_pause, static_cast<uint64_t>(::getpid())};
  for (;;) {
    if (auto ended = pause(pauses.next())) {
      why = *ended;
      return false;
    }
    if (!is_time_left(why))
      return false;
    auto joined = join_bus(paths_, request_, policy);
    if (joined.bus) {
      request_.timeout = joined.time_left;
      if (!request_.output_dir.empty() && !means_->files.open(request_.output_dir))
        return false;
      session_.emplace(std::move(joined.bus->bus), std::move(*means_), request_, paths_.socket);
      if (!session_->prepare())
        return false;
      say("reconnected");
      return true;
    }
    if (joined.rejected || joined.bus.error().kind == failure_kind::untrusted) {
      say("the bus rejected this consumer: " + joined.bus.error().text);
      return false;
    }
  }
}

bool consume_course::is_time_left(consume_end& why) {
  const auto now = clock::now();
  if (timeout_.count() != 0)
    request_.timeout = timeout_ - (now - began_);
  if (timeout_.count() != 0 && request_.timeout.count() <= 0)
    why = consume_end::timeout;
  else if (request_.idle_timeout.count() != 0 && now - lost_at_ >= request_.idle_timeout)
    why = consume_end::idle_timeout;
  else
    return true;
  return false;
}

/// @returns why the run ends, if it does.
std::optional<consume_end> consume_course::pause(std::chrono::nanoseconds time) {
  auto ours = block_signals({SIGINT, SIGTERM, SIGHUP}); // they are, since the first session
  unique_fd signals{::signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK)};
  const auto watches_stdin = !request_.bounded() && is_pipe_or_socket(STDIN_FILENO);
  std::array<pollfd, 2> items{{{signals.get(), POLLIN, 0}, {watches_stdin ? STDIN_FILENO : -1, POLLRDHUP, 0}}};
  if (::poll(items.data(), items.size(), poll_ms(time)) <= 0)
    return std::nullopt;
  return items[0].revents != 0 ? consume_end::signal : consume_end::stdin_eof;
}

} // namespace cafbus
