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

constexpr const char* end_names[] = {"limit",         "timeout",      "signal",         "stdin_eof",
                                     "output_closed", "bus_shutdown", "connection_lost"};
static_assert(std::size(end_names) == static_cast<size_t>(consume_end::connection_lost) + 1);

bool is_pipe_or_socket(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode));
}

} // namespace

const char* to_string(consume_end x) {
  return end_names[static_cast<uint8_t>(x)];
}

consume_session::consume_session(client bus, const consume_request& request)
  : bus_(std::move(bus)), request_(request) {}

std::string consume_session::prepare() {
  sigset_t ours;
  sigemptyset(&ours);
  for (int x : {SIGINT, SIGTERM, SIGHUP})
    sigaddset(&ours, x);
  signals_.reset(::signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_ || ::sigprocmask(SIG_BLOCK, &ours, nullptr) != 0)
    return "cannot take over signals: " + std::system_category().message(errno);
  // Whoever started us with a pipe lets go of it to end us. Anything else at its end is how programs are started
  // without a terminal, and says nothing.
  if (!request_.bounded() && is_pipe_or_socket(STDIN_FILENO))
    watched_stdin_ = STDIN_FILENO;
  return request_.output_dir.empty() ? std::string{} : files_.open(request_.output_dir);
}

consume_end consume_session::run() {
  started_ = clock::now();
  while (!finished()) {
    auto more = take_buffered();
    flush();
    if (!finished() && (!more || output_.pending() != 0))
      wait();
  }
  if (*end_ != consume_end::bus_shutdown && *end_ != consume_end::connection_lost)
    leave();
  return *end_;
}

void consume_session::end(consume_end why) {
  if (end_)
    return;
  end_ = why;
  if (why == consume_end::signal || why == consume_end::timeout)
    flush_until_ = clock::now() + leave_timeout;
}

bool consume_session::finished() const {
  if (!end_)
    return false;
  return output_.pending() == 0 || *end_ == consume_end::output_closed || signals_taken_ > 1 ||
         (flush_until_ && clock::now() >= *flush_until_);
}

bool consume_session::take_buffered() {
  while (!end_ && output_.pending() < batch_bytes) {
    auto got = bus_.buffered();
    if (!got)
      return false;
    if (auto* event = std::get_if<event_frame>(&*got))
      on_event(*event);
    else
      on_frame(std::get<frame>(*got));
  }
  return !end_;
}

void consume_session::on_event(const event_frame& event) {
  if (auto hole = gaps_.on_event(event.seq))
    say("gap: " + std::to_string(hole->last - hole->first + 1) + " events dropped (seq " + std::to_string(hole->first) +
        ".." + std::to_string(hole->last) + ")");
  auto content = request_.envelope ? bus_.line() : event.payload;
  if (request_.output_dir.empty()) {
    output_.add_line(content);
  } else if (auto error = files_.write(event, content); !error.empty()) {
    complain(0, error);
    failed_ = true;
    return end(consume_end::output_closed);
  }
  if (++received_ == request_.max_events)
    end(consume_end::limit);
}

void consume_session::on_frame(const frame& x) {
  if (auto* status = std::get_if<source_status>(&x)) {
    if (!request_.quiet)
      say("source " + status->source + ": " + status->state +
          (status->detail.empty() ? "" : " (" + status->detail + ")"));
  } else if (auto* error = std::get_if<error_frame>(&x)) {
    say("the bus reports " + error->code + ": " + error->message);
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

void consume_session::receive() {
  auto received = bus_.receive();
  auto* failure = std::get_if<client_failure>(&received);
  if (failure == nullptr)
    return;
  if (failure->kind != client_failure::reason::closed)
    complain(0, failure->text);
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
  // it ends the run whatever was about to end it: nothing can be written any more
  end_ = consume_end::output_closed;
}

int consume_session::wait_ms() const {
  auto until = clock::time_point::max();
  if (request_.timeout.count() != 0 && !end_)
    until = started_ + std::chrono::duration_cast<clock::duration>(request_.timeout);
  if (flush_until_)
    until = std::min(until, *flush_until_);
  if (until == clock::time_point::max())
    return -1;
  auto ms = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(ms, 0, 3'600'000));
}

void consume_session::wait() {
  auto writing = output_.pending() != 0;
  auto watch_output = request_.output_dir.empty();
  std::array<pollfd, 4> items{{{bus_.fd(), POLLIN, 0},
                               {signals_.get(), POLLIN, 0},
                               {watched_stdin_, POLLRDHUP, 0},
                               {watch_output ? output_.fd() : -1, static_cast<short>(writing ? POLLOUT : 0), 0}}};
  if (writing || end_)
    items[0].fd = -1;
  if (end_)
    items[2].fd = -1;
  if (::poll(items.data(), items.size(), wait_ms()) < 0) {
    if (errno != EINTR)
      end(consume_end::connection_lost);
    return;
  }
  auto [bus, signals, input, out] = items;
  if (signals.revents != 0)
    on_signal();
  if ((out.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
    end_ = consume_end::output_closed;
  if ((input.revents & (POLLHUP | POLLRDHUP | POLLERR | POLLNVAL)) != 0)
    end(consume_end::stdin_eof);
  if (bus.revents != 0 && !end_)
    receive();
  if (request_.timeout.count() != 0 && clock::now() - started_ >= request_.timeout)
    end(consume_end::timeout);
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
    while (auto got = bus_.buffered()) // events that come now were not asked for any more
      if (auto* x = std::get_if<frame>(&*got))
        answered |= std::holds_alternative<pre_shutdown_ack>(*x) || std::holds_alternative<bye>(*x);
    if (answered)
      break;
    auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now()).count();
    std::array<pollfd, 2> items{{{bus_.fd(), POLLIN, 0}, {signals_.get(), POLLIN, 0}}};
    if (left <= 0 || (::poll(items.data(), items.size(), static_cast<int>(left)) < 0 && errno != EINTR))
      break;
    if (items[1].revents != 0)
      on_signal();
    if (items[0].revents != 0 && std::holds_alternative<client_failure>(bus_.receive()))
      return;
  }
  bus_.send(encode(bye{"consumer_done"}), 100ms);
}

} // namespace cafbus
