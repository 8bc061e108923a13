#include "cli/consume_session.hpp"

#include "cli/console.hpp"
#include "messages/close_reason.hpp"
#include "messages/frame_codec.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <system_error>

namespace cafbus {

namespace {

using namespace std::chrono_literals;

/// For the bus's answer to `pre_shutdown_check`, and for a reader that may be stuck once we are told to end.
constexpr auto leave_timeout = 2s;
/// Bytes that are collected before they are written: many events a write.
constexpr size_t batch_bytes = 256 * 1'024;

/// Reads of 64 KiB in one go while a command works: all that a socket holds, since the bus sees progress only when it
/// is nearly empty.
constexpr int reads_ahead = 4;
/// Failures of commands that are described; those that follow are only counted.
constexpr uint64_t failures_told = 20;

constexpr const char* end_names[] = {"limit",         "timeout",     "idle_timeout", "signal",         "stdin_eof",
                                     "output_closed", "exec_failed", "bus_shutdown", "connection_lost"};
static_assert(std::size(end_names) == static_cast<size_t>(consume_end::connection_lost) + 1);

/// Milliseconds for poll(), rounded up, so that nobody spins through the last one.
int poll_ms(std::chrono::steady_clock::time_point until) {
  if (until == std::chrono::steady_clock::time_point::max())
    return -1;
  auto ms = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(ms, 0, 3'600'000));
}

bool is_pipe_or_socket(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode));
}

} // namespace

const char* to_string(consume_end x) {
  return end_names[static_cast<uint8_t>(x)];
}

consume_session::consume_session(client bus, event_files files, const consume_request& request)
  : bus_(std::move(bus)), files_(std::move(files)), request_(request) {
  if (!request.command.empty())
    command_.emplace(request.command, request.subscription.event_key, request.command_timeout);
}

std::string consume_session::prepare() {
  sigset_t ours;
  sigemptyset(&ours);
  for (int x : {SIGINT, SIGTERM, SIGHUP})
    sigaddset(&ours, x);
  signals_.reset(::signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_ || ::sigprocmask(SIG_BLOCK, &ours, nullptr) != 0)
    return "cannot take over signals: " + std::system_category().message(errno);
  ::signal(SIGCHLD, SIG_DFL); // inherited as ignored, it would keep the exit statuses of commands from us
  // Whoever started us with a pipe lets go of it to end us. Anything else at its end is how programs are started
  // without a terminal, and says nothing.
  if (!request_.bounded() && is_pipe_or_socket(STDIN_FILENO))
    watched_stdin_ = STDIN_FILENO;
  return {};
}

consume_end consume_session::run() {
  started_ = idle_since_ = last_read_ = clock::now();
  while (!finished()) {
    auto more = take_buffered();
    flush();
    if (!finished() && (!more || busy()))
      wait();
  }
  if (*end_ != consume_end::bus_shutdown && *end_ != consume_end::connection_lost)
    leave();
  return *end_;
}

// -- the end -------------------------------------------------------------------------------------------------------

void consume_session::end(consume_end why) {
  if (end_)
    return;
  end_ = why;
  auto is_told = why == consume_end::signal || why == consume_end::timeout;
  if (is_told)
    flush_until_ = clock::now() + leave_timeout;
  if (works() && (is_told || why == consume_end::stdin_eof))
    command_->hurry(leave_timeout);
}

/// It ends the run whatever was about to end it: nothing can be written any more.
void consume_session::end_output() {
  end_ = consume_end::output_closed;
  if (works())
    command_->hurry(leave_timeout);
}

bool consume_session::finished() const {
  if (!end_)
    return false;
  if (signals_taken_ > 1)
    return true;
  if (works())
    return false;
  return output_.pending() == 0 || *end_ == consume_end::output_closed ||
         (flush_until_ && clock::now() >= *flush_until_);
}

// -- events --------------------------------------------------------------------------------------------------------

bool consume_session::take_buffered() {
  auto before = received_;
  auto more = true;
  while (more && !end_ && !works() && output_.pending() < batch_bytes) {
    auto got = bus_.buffered();
    more = got.has_value();
    if (!more) {
      if (auto good = bus_.check(); !good)
        lose(good.error()); // now: it may be the last thing that comes
      break;
    }
    if (auto* event = std::get_if<event_frame>(&*got))
      on_event(*event);
    else
      on_frame(std::get<frame>(*got));
  }
  if (received_ != before)
    idle_since_ = clock::now();
  return more && !end_;
}

void consume_session::on_event(const event_frame& event) {
  if (auto hole = gaps_.on_event(event.seq))
    say("gap: " + std::to_string(hole->last - hole->first + 1) + " events dropped (seq " + std::to_string(hole->first) +
        ".." + std::to_string(hole->last) + ")");
  auto content = request_.envelope ? bus_.line() : event.payload;
  if (++received_ == request_.max_events)
    end(consume_end::limit);
  if (command_) {
    run_command(event, content);
  } else if (request_.output_dir.empty()) {
    output_.add_line(content);
  } else if (auto error = files_.write(event, content); !error.empty()) {
    complain(0, error);
    --received_; // it is nowhere
    failed_ = true;
    end_output();
  }
}

// -- commands ------------------------------------------------------------------------------------------------------

void consume_session::run_command(const event_frame& event, std::string_view content) {
  command_event_ = "seq=" + std::to_string(event.seq);
  if (!event.event_id.empty())
    command_event_ += " event_id=" + std::string{event.event_id};
  if (auto error = command_->start(event, content); !error.empty())
    on_command_failure(error);
}

void consume_session::on_command_end() {
  if (auto error = command_->finish(); !error.empty())
    on_command_failure(error);
}

void consume_session::on_command_failure(const std::string& what) {
  if (end_ == consume_end::output_closed)
    return; // its output was ours: it has failed for that reason
  if (++failed_commands_ <= failures_told)
    say("the command failed on " + command_event_ + ": " + what);
  else if (failed_commands_ == failures_told + 1)
    say("more commands fail; they are only counted");
  if (request_.skip_failures)
    return;
  failed_ = true;
  if (!end_ || *end_ == consume_end::limit)
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
  } else if (auto* farewell = std::get_if<bye>(&x)) {
    on_bye(farewell->reason);
  } else if (std::holds_alternative<event_line>(x)) {
    say("an event came that cannot be read; it is passed over");
  }
}

/// The bus says bye to everybody when it stops, and to one of us when it gives that one up.
void consume_session::on_bye(const std::string& reason) {
  if (!reason.empty())
    say("the bus said bye: " + reason);
  auto given_up = reason == to_string(close_reason::stalled) || reason == to_string(close_reason::control_overflow) ||
                  reason == to_string(close_reason::internal_error);
  end(given_up ? consume_end::connection_lost : consume_end::bus_shutdown);
}

/// @returns whether something came, so that there may be more.
bool consume_session::receive() {
  auto received = bus_.receive();
  if (received)
    return *received != 0;
  if (works()) { // once it is done, what has come before is handled, and then this is met again
    bus_gone_ = true;
  } else {
    lose(received.error());
  }
  return false;
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
    failed_ = true;
  }
  end_output();
}

// -- waiting -------------------------------------------------------------------------------------------------------

consume_session::clock::time_point consume_session::read_ahead_at() const {
  return bus_gone_ || bus_.unread() >= defaults::read_ahead_bytes ? clock::time_point::max()
                                                                  : last_read_ + defaults::read_ahead_pause;
}

/// What poll() looks for at the bus; 0: it does not look.
short consume_session::bus_events() const {
  if (works() ? bus_gone_ : end_ || output_.pending() != 0)
    return 0; // after the end, too, it must not take us for stuck while the last command works
  return !works() || clock::now() >= read_ahead_at() ? POLLIN : POLLRDHUP;
}

void consume_session::on_bus(short events) {
  if (events == POLLIN) {
    last_read_ = clock::now();
    auto more = receive();
    for (int i = 1; more && works() && i < reads_ahead; ++i)
      more = receive();
  } else {
    bus_gone_ = true;
  }
  if (bus_gone_ && !end_)
    say("the bus has closed the connection; the events that came before are still handled");
}

int consume_session::wait_ms() const {
  auto until = flush_until_.value_or(clock::time_point::max());
  auto at_most = [&until](clock::time_point from, std::chrono::nanoseconds time) {
    if (time.count() != 0)
      until = std::min(until, from + std::chrono::duration_cast<clock::duration>(time));
  };
  if (!end_)
    at_most(started_, request_.timeout);
  if (!end_ && !busy())
    at_most(idle_since_, request_.idle_timeout);
  if (works())
    until = std::min(until, read_ahead_at());
  if (works() && command_->due())
    until = std::min(until, *command_->due());
  return poll_ms(until);
}

void consume_session::wait() {
  auto writing = output_.pending() != 0;
  auto was_busy = busy();
  auto asked = bus_events();
  auto uses_output = request_.output_dir.empty();
  // Standard output comes last: a command that ended because nobody reads it any more is then seen together with that.
  std::array<pollfd, 6> items{{{asked != 0 ? bus_.fd() : -1, asked, 0},
                               {signals_.get(), POLLIN, 0},
                               {end_ ? -1 : watched_stdin_, POLLRDHUP, 0},
                               {works() ? command_->input_fd() : -1, POLLOUT, 0},
                               {works() ? command_->end_fd() : -1, POLLIN, 0},
                               {uses_output ? output_.fd() : -1, static_cast<short>(writing ? POLLOUT : 0), 0}}};
  if (end_ == consume_end::output_closed)
    items[5].fd = -1; // known, and poll() would tell it for ever
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
    on_bus(asked); // before the command's end: until then, the end of the bus must wait for what is buffered
  if (command_input.revents != 0)
    command_->feed();
  if (command_end.revents != 0)
    on_command_end();
  else if (works())
    command_->on_time(clock::now());
  auto now = clock::now();
  if (request_.timeout.count() != 0 && now - started_ >= request_.timeout)
    end(consume_end::timeout);
  if (was_busy)
    idle_since_ = now;
  else if (request_.idle_timeout.count() != 0 && now - idle_since_ >= request_.idle_timeout)
    on_idle(bus.revents != 0);
}

/// What has just come may hold an event, so it is looked at before this is the end; but only once, as it may be states
/// of sources without end.
void consume_session::on_idle(bool something_came) {
  if (!something_came || overdue_ == idle_since_)
    return end(consume_end::idle_timeout);
  overdue_ = idle_since_;
}

void consume_session::on_signal() {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info)))
    ++signals_taken_;
  end(consume_end::signal);
}

/// Tells the bus that we go, and waits for its word that it knows whether we were the last: a program that is started
/// after this one ended finds our subscription gone. A bus that does not answer is not waited for.
void consume_session::leave() {
  auto until = clock::now() + leave_timeout;
  auto check = pre_shutdown_check{request_.subscription.event_key, request_.subscription.subscription_id};
  if (signals_taken_ > 1 || bus_.send(encode(check), leave_timeout))
    return;
  for (auto answered = false; !answered && signals_taken_ < 2;) {
    while (auto got = bus_.buffered()) { // events that come now were not asked for any more
      auto* x = std::get_if<frame>(&*got);
      unhandled_ += x == nullptr;
      answered |= x && (std::holds_alternative<pre_shutdown_ack>(*x) || std::holds_alternative<bye>(*x));
    }
    if (answered)
      break;
    auto left = poll_ms(until);
    std::array<pollfd, 2> items{{{bus_.fd(), POLLIN, 0}, {signals_.get(), POLLIN, 0}}};
    if (left == 0 || (::poll(items.data(), items.size(), left) < 0 && errno != EINTR))
      break;
    if (items[1].revents != 0)
      on_signal();
    if (items[0].revents != 0 && !bus_.receive())
      return;
  }
  [[maybe_unused]] auto told = bus_.send(encode(bye{"consumer_done"}), 100ms); // one that is gone needs no word
}

} // namespace cafbus
