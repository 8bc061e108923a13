#include "cli/consume_session.hpp"

#include "base/signals.hpp"
#include "cli/console.hpp"
#include "cli/farewell.hpp"
#include "cli/silence.hpp"
#include "messages/close_reason.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

namespace cafbus {

namespace {

using namespace std::chrono_literals;

/// For the bus's answers at the end, and for a reader that may be stuck once we are told to end.
constexpr auto leave_timeout = 2s;
/// Bytes that are collected before they are written: many events per write.
constexpr size_t batch_bytes = 256 * 1'024;

/// Reads in one go while a command works: all that a socket holds, since the bus sees progress only when it is nearly
/// empty.
constexpr int reads_ahead = 4;
/// Failures of commands that are described; those that follow are only counted.
constexpr uint64_t failures_told = 20;

bool is_pipe_or_socket(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode));
}

std::string gap_text(uint64_t count, uint64_t first, uint64_t last) {
  return "gap: " + std::to_string(count) + " events dropped (seq " + std::to_string(first) + ".." +
         std::to_string(last) + ")";
}

} // namespace

consume_session::consume_session(client bus, event_files files, const consume_request& request, std::string socket)
  : bus_(std::move(bus)), files_(std::move(files)), request_(request), socket_(std::move(socket)) {
  if (!request.command.empty())
    command_.emplace(request.command, request.subscription.event_key, request.command_timeout);
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

consume_end consume_session::run() {
  started_ = idle_since_ = last_read_ = clock::now();
  while (!done()) {
    auto more = take_buffered();
    flush();
    check_times(); // after what has come was looked at: it may be the event that was waited for
    if (!done() && (!more || busy()))
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
  else if (why == consume_end::stdin_eof && works())
    command_->hurry(leave_timeout);
}

void consume_session::hurry() {
  phase_ = phase::hurrying;
  hurry_until_ = clock::now() + leave_timeout;
  if (works())
    command_->hurry(leave_timeout);
}

/// It ends the run whatever was about to end it: nothing can be written any more.
void consume_session::end_output() {
  end(consume_end::output_closed);
  end_ = consume_end::output_closed;
  if (works())
    command_->hurry(leave_timeout);
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
  std::optional<consumer_status> account;
  uint64_t in_hand = 0;
  auto bus_is_there = end_ != consume_end::bus_shutdown && end_ != consume_end::connection_lost && !hung_up_;
  if (bus_is_there) {
    farewell leaving{bus_, request_.subscription, socket_};
    leaving.run(signals_.get(), deadline{phase_ == phase::over ? 0s : leave_timeout});
    account = leaving.account();
    in_hand = leaving.passed_over();
  }
  while (auto got = bus_.buffered())
    in_hand += std::holds_alternative<event_frame>(*got);
  totals_.failed += works(); // its command ends with us
  auto unwritten = output_.pending_lines();
  if (output_failed_) {
    totals_.failed += unwritten;
    unwritten = 0;
  }
  totals_.received -= unwritten;
  totals_.handled = totals_.received - totals_.failed;
  totals_.confirmed = account.has_value();
  totals_.dropped = std::max(gaps_.dropped(), account ? account->dropped : 0);
  totals_.left = in_hand + unwritten;
  if (auto seen = totals_.received + totals_.dropped; account && account->received >= seen)
    totals_.left = account->received - seen;
}

// -- events --------------------------------------------------------------------------------------------------------

/// @returns whether more may be buffered: it stops when there is enough to do.
bool consume_session::take_buffered() {
  auto before = totals_.received;
  auto more = true;
  while (more && phase_ == phase::taking && !works() && output_.pending() < batch_bytes) {
    auto got = bus_.buffered();
    more = got.has_value();
    if (!more) {
      if (auto good = bus_.check(); !good)
        lose(good.error());
      else if (hung_up_)
        lose(*hung_up_);
    } else if (auto* event = std::get_if<event_frame>(&*got)) {
      on_event(*event);
    } else {
      on_frame(std::get<frame>(*got));
    }
  }
  if (totals_.received != before)
    idle_since_ = clock::now();
  return more && phase_ == phase::taking;
}

void consume_session::on_event(const event_frame& event) {
  uint64_t missed = 0;
  if (auto hole = gaps_.on_event(event.seq)) {
    missed = hole->last - hole->first + 1;
    if (hole->last != told_gap_.to_seq) // another bus, which tells of none
      say(gap_text(missed, hole->first, hole->last));
  }
  auto content = request_.envelope ? bus_.line() : event.payload;
  if (++totals_.received == request_.max_events)
    end(consume_end::limit);
  if (command_) {
    run_command(event, content, missed);
  } else if (request_.output_dir.empty()) {
    output_.add_line(content);
  } else if (auto written = files_.write(event, content); !written) {
    complain(0, written.error().text);
    ++totals_.failed;
    output_failed_ = true;
    end_output();
  }
}

// -- commands ------------------------------------------------------------------------------------------------------

void consume_session::run_command(const event_frame& event, std::string_view content, uint64_t missed) {
  command_event_ = "seq=" + std::to_string(event.seq);
  if (!event.event_id.empty())
    command_event_ += " event_id=" + std::string{event.event_id};
  const auto* reason = missed != 0 && told_gap_.to_seq + 1 == event.seq ? to_string(told_gap_.reason) : "";
  if (auto started = command_->start(event, content, {missed, gaps_.dropped(), reason}); !started)
    on_command_failure(started.error().text);
}

void consume_session::on_command_end() {
  if (auto ended = command_->finish(); !ended)
    on_command_failure(ended.error().text);
}

void consume_session::on_command_failure(const std::string& what) {
  if (phase_ != phase::taking && end_ == consume_end::output_closed)
    return; // its output was ours: it has failed for that reason
  if (++totals_.failed <= failures_told)
    say("the command failed on " + command_event_ + ": " + what);
  else if (totals_.failed == failures_told + 1)
    say("further failures are only counted");
  if (request_.skip_failures)
    return;
  end(consume_end::exec_failed);
  if (end_ == consume_end::limit)
    end_ = consume_end::exec_failed;
}

// -- frames --------------------------------------------------------------------------------------------------------

void consume_session::on_frame(const frame& x) {
  if (auto* status = std::get_if<source_status>(&x)) {
    if (!request_.quiet)
      say("source " + status->source + ": " + to_string(status->state) +
          (status->detail.empty() ? "" : " (" + status->detail + ")"));
  } else if (auto* error = std::get_if<error_frame>(&x)) {
    say(std::string{"the bus reports "} + to_string(error->code) + ": " + error->message);
  } else if (auto* hole = std::get_if<gap_frame>(&x)) {
    on_gap(*hole);
  } else if (auto* farewell = std::get_if<bye>(&x)) {
    on_bye(farewell->reason);
  } else if (std::holds_alternative<event_line>(x)) {
    say("the bus sent an event that cannot be read; it is skipped");
  }
}

void consume_session::on_gap(const gap_frame& x) {
  told_gap_ = x;
  say(gap_text(x.count, x.from_seq, x.to_seq) + ": " + to_string(x.reason));
  if (request_.envelope && request_.to_stdout())
    output_.add_note(bus_.line());
}

/// The bus says bye to everybody when it stops, and to one of us when it gives that one up.
void consume_session::on_bye(const std::string& reason) {
  if (!reason.empty())
    say("the bus said bye: " + reason);
  auto given_up = reason == to_string(close_reason::stalled) || reason == to_string(close_reason::control_overflow) ||
                  reason == to_string(close_reason::internal_error) || reason == to_string(close_reason::evicted);
  end(given_up ? consume_end::connection_lost : consume_end::bus_shutdown);
}

/// @returns whether something came, so that there may be more.
bool consume_session::receive() {
  auto received = bus_.receive();
  if (!received)
    hung_up_ = received.error();
  return received && *received != 0;
}

void consume_session::lose(const failure& why) {
  if (why.kind != failure_kind::closed)
    complain(0, why.text);
  end(consume_end::connection_lost);
}

void consume_session::flush() {
  auto result = output_.flush();
  if (result == output::state::good)
    return;
  if (result == output::state::failed) {
    complain(0, "cannot write to standard output: " + std::system_category().message(output_.error()));
    output_failed_ = true;
  }
  end_output();
}

// -- waiting -------------------------------------------------------------------------------------------------------

consume_session::clock::time_point consume_session::read_ahead_at() const {
  return hung_up_ || bus_.unread() >= defaults::read_ahead_bytes ? clock::time_point::max()
                                                                 : last_read_ + defaults::read_ahead_pause;
}

/// What poll() looks for at the bus; 0: it does not look.
short consume_session::bus_events() const {
  if (hung_up_)
    return 0;
  if (works()) // after the end, too, the bus must not take us for stuck while the last command works
    return clock::now() >= read_ahead_at() ? POLLIN : POLLRDHUP;
  return phase_ == phase::taking && output_.pending() == 0 ? POLLIN : 0;
}

void consume_session::on_bus(short events) {
  last_read_ = clock::now();
  auto more = receive();
  // what a bus has left behind is no more than the socket holds
  for (int i = 1; more && works() && (i < reads_ahead || events == POLLRDHUP); ++i)
    more = receive();
  if (hung_up_ && works() && phase_ == phase::taking)
    say("the bus has closed the connection; the events that came before are still handled");
}

int consume_session::wait_ms() const {
  auto until = clock::time_point::max();
  auto at_most = [&until](clock::time_point from, std::chrono::nanoseconds time) {
    if (time.count() != 0)
      until = std::min(until, from + std::chrono::duration_cast<clock::duration>(time));
  };
  if (phase_ == phase::hurrying)
    until = hurry_until_;
  if (phase_ == phase::taking)
    at_most(started_, request_.timeout);
  if (phase_ == phase::taking && !busy())
    at_most(idle_since_, request_.idle_timeout);
  if (phase_ == phase::taking && !busy() && explained_ != idle_since_)
    at_most(idle_since_, request_.explain_after);
  if (works())
    until = std::min(until, read_ahead_at());
  if (works() && command_->due())
    until = std::min(until, *command_->due());
  return until == clock::time_point::max() ? -1 : poll_ms(until - clock::now());
}

void consume_session::wait() {
  auto was_busy = busy();
  auto asked = bus_events();
  auto output_is_closed = phase_ != phase::taking && end_ == consume_end::output_closed; // poll() would tell for ever
  // Standard output comes last: a command that ended because nobody reads it any more is then seen together with that.
  std::array<pollfd, 6> items{{{asked != 0 ? bus_.fd() : -1, asked, 0},
                               {signals_.get(), POLLIN, 0},
                               {phase_ == phase::taking ? watched_stdin_ : -1, POLLRDHUP, 0},
                               {works() ? command_->input_fd() : -1, POLLOUT, 0},
                               {works() ? command_->end_fd() : -1, POLLIN, 0},
                               {request_.output_dir.empty() && !output_is_closed ? output_.fd() : -1,
                                static_cast<short>(output_.pending() != 0 ? POLLOUT : 0), 0}}};
  if (::poll(items.data(), items.size(), wait_ms()) < 0) {
    if (errno != EINTR)
      end(consume_end::connection_lost);
    return;
  }
  auto [bus, signals, input, command_input, command_end, out] = items;
  if (signals.revents != 0)
    on_signal();
  if ((out.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
    end_output();
  if ((input.revents & (POLLHUP | POLLRDHUP | POLLERR | POLLNVAL)) != 0)
    end(consume_end::stdin_eof);
  if (bus.revents != 0)
    on_bus(asked);
  if (command_input.revents != 0)
    command_->feed();
  if (command_end.revents != 0)
    on_command_end();
  else if (works())
    command_->on_time(clock::now());
  if (was_busy)
    idle_since_ = clock::now();
}

void consume_session::check_times() {
  if (phase_ != phase::taking)
    return;
  if (request_.timeout.count() == 0 && request_.idle_timeout.count() == 0 && request_.explain_after.count() == 0)
    return;
  auto now = clock::now();
  auto is_over = [now](clock::time_point from, std::chrono::nanoseconds time) {
    return time.count() != 0 && now - from >= time;
  };
  if (is_over(started_, request_.timeout))
    end(consume_end::timeout);
  else if (!busy() && is_over(idle_since_, request_.idle_timeout))
    end(consume_end::idle_timeout);
  else if (!busy() && explained_ != idle_since_ && is_over(idle_since_, request_.explain_after)) {
    explained_ = idle_since_;
    explain_silence(socket_, request_.subscription);
  }
}

/// The first one ends the run, or hurries an end that takes its time; one more does not wait for that either.
void consume_session::on_signal() {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
    if (phase_ == phase::taking)
      end(consume_end::signal);
    else if (phase_ == phase::finishing)
      hurry();
    else
      phase_ = phase::over;
  }
}

} // namespace cafbus
