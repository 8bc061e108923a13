#include "cli/consume_session.hpp"

#include "base/signals.hpp"
#include "cli/farewell.hpp"

#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

// A run from its start to its end: what ends it, and how its totals come about. What becomes of each event is in
// consume_session_events.cpp, what it waits for meanwhile in consume_session_waiting.cpp.

namespace cafbus {

namespace {

using namespace std::chrono_literals;

/// For the bus's answers at the end, and for a reader that may be stuck once we are told to end.
constexpr auto leave_timeout = 2s;

} // namespace

bool is_pipe_or_socket(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode));
}

consume_session::consume_session(client bus, consume_means means, const consume_request& request, std::string socket)
  : bus_(std::move(bus)), files_(std::move(means.files)), cursors_(std::move(means.cursors)), request_(request),
    socket_(std::move(socket)), program_(std::move(means.program)) {
  if (!request.command.empty())
    command_.emplace(request.command, request.subscription.event_key, request.command_timeout);
  if (request.subscription.ack)
    confirmations_.emplace();
  if (bus_.can(capability::stats))
    stats_.emplace();
}

result<void> consume_session::prepare() {
  auto ours = block_signals({SIGINT, SIGTERM, SIGHUP});
  signals_.reset(::signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_)
    return errno_failure("cannot take over signals");
  ::signal(SIGCHLD, SIG_DFL); // inherited as ignored, it would keep the exit statuses of commands from us
  // A program that started us with a pipe closes it to end us. Anything else at its end is how programs are started
  // without a terminal, and says nothing.
  if (!request_.bounded() && is_pipe_or_socket(STDIN_FILENO))
    watched_stdin_ = STDIN_FILENO;
  return {};
}

void consume_session::give_up() {
  output_failed_ = true;
  end_output();
}

consume_end consume_session::run() {
  started_ = idle_since_ = last_read_ = clock::now();
  while (!done()) {
    auto more = take_buffered();
    behind_ = more && program_;
    flush();
    if (cursors_)
      cursors_->progress(delivered_, written(), !works(), clock::now());
    tell_bus();
    check_times(); // after what has come was looked at: it may be the event that was waited for
    if (!done() && (!more || busy() || behind_))
      wait();
  }
  settle();
  return end_;
}

// -- the end -------------------------------------------------------------------------------------------------------

void consume_session::end(consume_end why) {
  if (phase_ != phase::taking)
    return;
  phase_ = phase::finishing;
  end_ = why;
  if (why == consume_end::signal || why == consume_end::timeout)
    hurry();
  else if (why == consume_end::stdin_eof)
    hurry_work();
}

void consume_session::hurry() {
  phase_ = phase::hurrying;
  hurry_until_ = clock::now() + leave_timeout;
  hurry_work();
}

/// It ends the run whatever was about to end it: nothing can be written any more.
void consume_session::end_output() {
  end(consume_end::output_closed);
  end_ = consume_end::output_closed;
  hurry_work();
}

void consume_session::hurry_work() {
  if (command_runs())
    command_->hurry(leave_timeout);
  if (program_runs())
    program_->hurry(leave_timeout);
}

bool consume_session::done() const {
  if (phase_ == phase::taking || phase_ == phase::over)
    return phase_ == phase::over;
  if (works())
    return false;
  return output_.pending() == 0 || end_ == consume_end::output_closed ||
         (phase_ == phase::hurrying && clock::now() >= hurry_until_);
}

/// Leaves the bus, unless it has gone, and counts what became of the events.
void consume_session::settle() {
  if (cursors_)
    cursors_->finish(delivered_, written(), !works());
  tell_bus();
  std::optional<consumer_status> account;
  uint64_t in_hand = 0;
  auto bus_is_there = end_ != consume_end::filter_failed && end_ != consume_end::bus_shutdown &&
                      end_ != consume_end::connection_lost && !hung_up_;
  if (bus_is_there) {
    farewell leaving{bus_, request_.subscription, socket_};
    leaving.run(signals_.get(), deadline{phase_ == phase::over ? 0s : leave_timeout});
    account = leaving.account();
    in_hand = leaving.passed_over();
  }
  while (auto got = bus_.buffered())
    in_hand += std::holds_alternative<event_frame>(*got);
  totals_.failed += works(); // its command or program ends with us
  auto unwritten = output_.pending_events();
  if (output_failed_) {
    totals_.failed += unwritten;
    unwritten = 0;
  }
  totals_.received -= unwritten;
  totals_.handled = totals_.received - totals_.filtered - totals_.failed;
  totals_.confirmed = account.has_value();
  totals_.dropped = std::max(gaps_.dropped(), account ? account->dropped : 0);
  totals_.left = in_hand + unwritten;
  if (auto seen = totals_.received + totals_.dropped; account && account->received >= seen)
    totals_.left = account->received - seen;
}

} // namespace cafbus
