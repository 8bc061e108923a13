#include "cli/consume_session.hpp"

#include "base/result.hpp"
#include "cli/console.hpp"
#include "cli/silence.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

// What a session waits for: the bus, its output, its command, signals, its standard input and times.

namespace cafbus {

namespace {

/// Reads in one go while a command works: all that a socket holds, since the bus sees progress only when it is nearly
/// empty.
constexpr int reads_at_once = 4;

} // namespace

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
    complain(0, "cannot write to standard output: " + errno_text(output_.error()));
    output_failed_ = true;
  }
  end_output();
}

consume_session::clock::time_point consume_session::read_ahead_at() const {
  return hung_up_ || bus_.unread() >= defaults::read_ahead_bytes ? clock::time_point::max()
                                                                 : last_read_ + defaults::read_ahead_pause;
}

/// What poll() looks for at the bus; 0: it does not look.
short consume_session::bus_events() const {
  if (hung_up_)
    return 0;
  if (reads_ahead()) // after the end, too, the bus must not take us for stuck while the last command works
    return clock::now() >= read_ahead_at() ? POLLIN : POLLRDHUP;
  return phase_ == phase::taking && output_.pending() == 0 ? POLLIN : 0;
}

void consume_session::on_bus(short events) {
  last_read_ = clock::now();
  auto more = receive();
  // what a bus has left behind is no more than the socket holds
  for (int i = 1; more && reads_ahead() && (i < reads_at_once || events == POLLRDHUP); ++i)
    more = receive();
  if (hung_up_ && works() && phase_ == phase::taking)
    say("the bus has closed the connection; the events that came before are still handled");
}

int consume_session::wait_ms() const {
  if (behind_ && !busy())
    return 0;
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
  if (command_runs() && command_->due())
    until = std::min(until, *command_->due());
  if (program_runs() && program_->due())
    until = std::min(until, *program_->due());
  if (cursors_ && cursors_->due())
    until = std::min(until, *cursors_->due());
  if (stats_ && unsent_.empty() && stats_->due())
    until = std::min(until, *stats_->due());
  return until == clock::time_point::max() ? -1 : poll_ms(until - clock::now());
}

void consume_session::wait() {
  auto was_busy = busy();
  auto asked = bus_events();
  auto output_is_closed = phase_ != phase::taking && end_ == consume_end::output_closed; // poll() would tell for ever
  // Standard output comes last: a command that ended because its reader has gone is then seen together with that.
  const auto to_bus = static_cast<short>(unsent_.empty() || hung_up_ ? 0 : POLLOUT);
  std::array<pollfd, 7> items{{{asked != 0 || to_bus != 0 ? bus_.fd() : -1, static_cast<short>(asked | to_bus), 0},
                               {signals_.get(), POLLIN, 0},
                               {phase_ == phase::taking ? watched_stdin_ : -1, POLLRDHUP, 0},
                               {command_runs() ? command_->input_fd() : -1, POLLOUT, 0},
                               {command_runs() ? command_->end_fd() : -1, POLLIN, 0},
                               program_runs() ? pollfd{program_->fd(), program_->events(), 0} : pollfd{-1, 0, 0},
                               {request_.output_dir.empty() && !output_is_closed ? output_.fd() : -1,
                                static_cast<short>(output_.pending() != 0 ? POLLOUT : 0), 0}}};
  if (::poll(items.data(), items.size(), wait_ms()) < 0) {
    if (errno != EINTR)
      end(consume_end::connection_lost);
    return;
  }
  auto [bus, signals, input, command_input, command_end, program, out] = items;
  if (signals.revents != 0)
    on_signal();
  if ((out.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
    end_output();
  if ((input.revents & (POLLHUP | POLLRDHUP | POLLERR | POLLNVAL)) != 0)
    end(consume_end::stdin_eof);
  if ((bus.revents & ~POLLOUT) != 0)
    on_bus(asked);
  if (command_input.revents != 0)
    command_->feed();
  go_on_working(command_end.revents != 0);
  if (was_busy)
    idle_since_ = clock::now();
}

/// @param command_has_ended It is to be asked how.
void consume_session::go_on_working(bool command_has_ended) {
  if (command_has_ended)
    on_command_end();
  else if (command_runs())
    command_->on_time(clock::now());
  else if (program_runs())
    if (auto outcome = program_->step())
      on_program_end(*outcome);
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
