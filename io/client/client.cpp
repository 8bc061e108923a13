#include "io/client/client.hpp"

#include "base/deadline.hpp"
#include "config/defaults.hpp"
#include "io/sockets/unix_socket.hpp"
#include "messages/close_reason.hpp"
#include "messages/frame_codec.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace cafbus {

namespace {

using std::chrono::nanoseconds;

/// Asked of the socket at once: about what it holds.
constexpr size_t read_bytes = 128 * 1'024;

bool is_hang_up(int code) {
  return code == EPIPE || code == ECONNRESET || code == ENOTCONN;
}

failure closed() {
  return {failure_kind::closed, "the bus closed the connection"};
}

result<void> wait(int fd, short events, const deadline& until) {
  auto got = wait_for(fd, events, until);
  if (got < 0)
    return errno_failure("cannot wait for the bus");
  if (got == 0)
    return failure{failure_kind::timed_out, "the bus did not answer in time"};
  return {};
}

/// The failure that an answer other than the one that was asked for is; nothing if it is none.
std::optional<failure> failure_of(frame& answer) {
  if (auto* error = std::get_if<error_frame>(&answer))
    return failure{error->code == error_code::shutting_down ? failure_kind::stopping : failure_kind::refused,
                   std::move(error->message)};
  if (auto* end = std::get_if<bye>(&answer))
    return failure{failure_kind::stopping, std::move(end->reason)};
  return std::nullopt;
}

failure_kind kind_of_rejection(const hello_ack& x) {
  if (x.reject_code == reject_code::shutting_down)
    return failure_kind::stopping;
  const auto later = x.reject_code == reject_code::busy || x.reject_code == reject_code::too_many_connections;
  return later ? failure_kind::unavailable : failure_kind::refused;
}

bool can(const hello_ack& bus, std::string_view what) {
  return std::ranges::find(bus.capabilities, what) != bus.capabilities.end();
}

/// What the hello asks for and the bus would ignore, in the user's words; null if there is nothing.
const char* missing_capability(const hello& asked, const hello_ack& ack) {
  if ((!asked.on_first.empty() || !asked.on_last.empty()) && !can(ack, capability::hooks))
    return "set-up and clean-up commands (--on-first, --on-last)";
  if (asked.exclusive && !can(ack, capability::exclusive))
    return "exclusive consumers (--exclusive)";
  if (!asked.patterns.empty() && !can(ack, capability::patterns))
    return "patterns of event types (--literal takes such a name as it is)";
  if ((!asked.policy.empty() || asked.queue_capacity != 0 || asked.queue_bytes != 0) && !can(ack, capability::policy))
    return "policies and bounds of a consumer's queue (--policy, --queue-capacity, --queue-bytes)";
  if (!asked.group.empty() && !can(ack, capability::group))
    return "groups (--group)";
  if (!asked.filter.empty() && !can(ack, capability::filter))
    return "filters (--where; --jq filters in the consumer)";
  const auto wants_cursors = std::ranges::find(asked.capabilities, capability::cursor) != asked.capabilities.end();
  if ((asked.replay || wants_cursors) && !can(ack, capability::cursor))
    return "past events (--last, --since, --latest, --cursor-file)";
  return nullptr;
}

} // namespace

std::optional<gap> gap_finder::on_event(uint64_t seq) noexcept {
  if (seq <= last_) {
    fill(seq);
    return std::nullopt;
  }
  auto expected = std::exchange(last_, seq) + 1;
  if (seq == expected)
    return std::nullopt;
  dropped_ += seq - expected;
  remember({expected, seq - 1});
  return gap{expected, seq - 1};
}

/// An event within a hole leaves up to two smaller ones.
void gap_finder::fill(uint64_t seq) noexcept {
  auto hole = std::ranges::find_if(holes_, [seq](const gap& x) { return x.first <= seq && seq <= x.last; });
  if (seq == 0 || hole == holes_.end())
    return;
  --dropped_;
  auto above = gap{seq + 1, hole->last};
  hole->last = seq - 1;
  if (hole->first > hole->last)
    *hole = {};
  if (above.first <= above.last)
    remember(above);
}

void gap_finder::remember(gap hole) noexcept {
  holes_[next_] = hole;
  next_ = (next_ + 1) % holes_.size();
}

client::client(unique_fd fd, pid_t bus_pid)
  : fd_(std::move(fd)), bus_pid_(bus_pid), splitter_(defaults::max_answer_bytes) {}

result<client> client::connect(const std::string& path, nanoseconds timeout) {
  auto connected = connect_unix(path, timeout);
  if (!connected)
    return connected.error();
  auto peer = peer_credentials(connected->get());
  if (!peer)
    return failure{failure_kind::untrusted, "cannot tell who listens at " + path};
  if (peer->uid != ::geteuid() && peer->uid != 0 && ::geteuid() != 0) // root may ask anybody's
    return failure{failure_kind::untrusted, "the process that listens at " + path + " runs as user " +
                                                std::to_string(peer->uid) + ", which is neither us nor root"};
  return client{std::move(*connected), peer->pid};
}

result<void> client::check() const {
  if (!splitter_.too_long())
    return {};
  return failure{failure_kind::protocol,
                 "the bus sent a line of more than " + std::to_string(defaults::max_answer_bytes) + " bytes"};
}

result<size_t> client::send_some(std::string_view bytes) {
  for (;;) {
    auto n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0)
      return static_cast<size_t>(n);
    if (errno == EAGAIN || errno == EWOULDBLOCK)
      return size_t{0};
    if (is_hang_up(errno))
      return closed();
    if (errno != EINTR)
      return errno_failure("cannot send to the bus");
  }
}

result<size_t> client::receive() {
  line_ = {};
  if (auto good = check(); !good)
    return good.error();
  for (;;) {
    auto n = ::recv(fd_.get(), splitter_.room(read_bytes), read_bytes, MSG_DONTWAIT);
    if (n > 0) {
      splitter_.filled(static_cast<size_t>(n));
      return static_cast<size_t>(n);
    }
    if (n == 0 || is_hang_up(errno))
      return closed();
    if (errno == EAGAIN || errno == EWOULDBLOCK)
      return size_t{0};
    if (errno != EINTR)
      return errno_failure("cannot read from the bus");
  }
}

std::optional<std::string_view> client::buffered_line() {
  auto result = splitter_.next();
  line_ = result.value_or(std::string_view{});
  return result;
}

std::optional<client::incoming> client::buffered() {
  while (auto line = buffered_line()) {
    if (auto event = reader_.read(*line))
      return incoming{std::in_place_index<0>, *event};
    auto decoded = decode(*line);
    if (auto* result = std::get_if<frame>(&decoded))
      return incoming{std::in_place_index<1>, std::move(*result)};
    // what is no frame is skipped, as the bus does it
  }
  return std::nullopt;
}

result<void> client::send(std::string_view frames, nanoseconds timeout) {
  deadline until{timeout};
  while (!frames.empty()) {
    auto sent = send_some(frames);
    if (!sent)
      return sent.error();
    frames.remove_prefix(*sent);
    if (frames.empty())
      break;
    if (auto ready = wait(fd(), POLLOUT, until); !ready)
      return ready;
  }
  return {};
}

result<void> client::receive_more(const deadline& until) {
  if (auto good = check(); !good)
    return good;
  if (auto ready = wait(fd(), POLLIN, until); !ready)
    return ready;
  if (auto received = receive(); !received)
    return received.error();
  return {};
}

result<std::string_view> client::next_line(nanoseconds timeout) {
  deadline until{timeout};
  for (;;) {
    if (auto line = buffered_line())
      return *line;
    if (auto received = receive_more(until); !received)
      return received.error();
  }
}

result<client::incoming> client::next(nanoseconds timeout) {
  deadline until{timeout};
  for (;;) {
    if (auto next = buffered())
      return std::move(*next);
    if (auto received = receive_more(until); !received)
      return received.error();
  }
}

result<hello_ack> client::subscribe(const hello& asked, nanoseconds timeout) {
  deadline until{timeout};
  auto request = asked;
  if (request.event_types.empty() && request.patterns.empty())
    request.event_types.push_back(request.event_key);
  // a bus that refuses may hang up before it has read all: then its reason is still there to be read
  if (auto sent = send(encode(request), timeout); !sent && sent.error().kind != failure_kind::closed)
    return sent.error();
  for (;;) {
    auto answer = next(until.left());
    if (!answer)
      return answer.error();
    auto* other = std::get_if<frame>(&*answer);
    if (other == nullptr)
      return failure{failure_kind::protocol, "the bus sent an event before its hello_ack"};
    if (auto* ack = std::get_if<hello_ack>(other)) {
      if (ack->rejected)
        return failure{kind_of_rejection(*ack), std::move(ack->reject_reason)};
      if (auto missing = missing_capability(request, *ack))
        return failure{failure_kind::refused,
                       std::string{"this bus does not know "} + missing + "; it is of another make or version"};
      capabilities_ = ack->capabilities;
      if (can(capability::payload_last))
        reader_.trust_payloads();
      return std::move(*ack);
    }
    if (auto why = failure_of(*other))
      return std::move(*why);
  }
}

bool client::can(std::string_view capability) const noexcept {
  return std::ranges::find(capabilities_, capability) != capabilities_.end();
}

result<status_response> client::ask_status(nanoseconds timeout) {
  deadline until{timeout};
  if (auto sent = send(encode(status_query{}), timeout); !sent && sent.error().kind != failure_kind::closed)
    return sent.error();
  for (;;) {
    auto answer = next(until.left());
    if (!answer)
      return answer.error();
    auto* other = std::get_if<frame>(&*answer);
    if (other == nullptr)
      continue;
    if (auto* status = std::get_if<status_response>(other))
      return std::move(*status);
    if (auto why = failure_of(*other))
      return std::move(*why);
  }
}

result<event_frame> client::next_event(nanoseconds timeout) {
  deadline until{timeout};
  for (;;) {
    auto got = next(until.left());
    if (!got)
      return got.error();
    if (auto* event = std::get_if<event_frame>(&*got))
      return *event;
    if (auto* end = std::get_if<bye>(std::get_if<frame>(&*got))) {
      const auto is_filters = end->reason.starts_with(to_string(close_reason::filter_failed));
      return failure{is_filters ? failure_kind::refused : failure_kind::stopping, std::move(end->reason)};
    }
  }
}

} // namespace cafbus
