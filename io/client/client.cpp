#include "io/client/client.hpp"

#include "config/defaults.hpp"
#include "io/sockets/unix_socket.hpp"
#include "messages/frame_codec.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace cafbus {

namespace {

using std::chrono::nanoseconds;
using reason = client_failure::reason;

/// A moment in the future, far enough from the clock's end that "as long as it takes" cannot overflow.
class deadline {
public:
  explicit deadline(nanoseconds timeout)
    : at_(clock::now() + std::clamp<nanoseconds>(timeout, {}, std::chrono::hours{24 * 365})) {}

  nanoseconds left() const { return std::max<nanoseconds>(at_ - clock::now(), {}); }

  /// For poll(), rounded up, so that nobody spins through the last millisecond.
  int left_ms() const {
    auto ms = std::chrono::ceil<std::chrono::milliseconds>(left()).count();
    return static_cast<int>(std::min<int64_t>(ms, 3'600'000));
  }

private:
  using clock = std::chrono::steady_clock;
  clock::time_point at_;
};

client_failure system_failure(const char* what, int code) {
  return {reason::system, std::string{what} + ": " + std::system_category().message(code)};
}

client_failure closed_failure() {
  return {reason::closed, "the bus closed the connection"};
}

bool is_hang_up(int code) {
  return code == EPIPE || code == ECONNRESET || code == ENOTCONN;
}

/// Waits until `fd` is ready for `events`. @returns a failure if that takes too long.
std::optional<client_failure> wait_for(int fd, short events, const deadline& until) {
  for (;;) {
    pollfd item{fd, events, 0};
    int ready = ::poll(&item, 1, until.left_ms());
    if (ready > 0)
      return std::nullopt;
    if (ready < 0 && errno != EINTR)
      return system_failure("cannot wait for the bus", errno);
    if (until.left() == nanoseconds::zero())
      return client_failure{reason::timeout, "the bus did not answer in time"};
  }
}

} // namespace

std::optional<gap> gap_finder::on_event(uint64_t seq) noexcept {
  if (seq <= last_)
    return std::nullopt;
  auto expected = std::exchange(last_, seq) + 1;
  if (seq == expected)
    return std::nullopt;
  dropped_ += seq - expected;
  return gap{expected, seq - 1};
}

client::client(unique_fd fd, pid_t bus_pid)
  : fd_(std::move(fd)), bus_pid_(bus_pid), splitter_(defaults::max_frame_bytes) {}

std::variant<client, client_failure> client::connect(const std::string& path, nanoseconds timeout) {
  auto connected = connect_unix(path, timeout);
  if (auto* error = std::get_if<socket_error>(&connected)) {
    if (error->code == ENOENT || error->code == ECONNREFUSED)
      return client_failure{reason::not_running, std::move(error->text)};
    return client_failure{error->code == ETIMEDOUT ? reason::timeout : reason::system, std::move(error->text)};
  }
  auto fd = std::move(std::get<unique_fd>(connected));
  auto peer = peer_credentials(fd.get());
  if (!peer)
    return client_failure{reason::foreign, "cannot tell who listens at " + path};
  if (peer->uid != ::geteuid() && peer->uid != 0)
    return client_failure{reason::foreign, "whoever listens at " + path + " runs as user " + std::to_string(peer->uid) +
                                               ", which is neither us nor root"};
  return client{std::move(fd), peer->pid};
}

std::optional<client_failure> client::too_long() const {
  if (!splitter_.too_long())
    return std::nullopt;
  return client_failure{reason::protocol,
                        "the bus sent a line of more than " + std::to_string(defaults::max_frame_bytes) + " bytes"};
}

std::variant<size_t, client_failure> client::send_some(std::string_view bytes) {
  for (;;) {
    auto n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0)
      return static_cast<size_t>(n);
    if (errno == EAGAIN || errno == EWOULDBLOCK)
      return size_t{0};
    if (is_hang_up(errno))
      return closed_failure();
    if (errno != EINTR)
      return system_failure("cannot send to the bus", errno);
  }
}

std::variant<size_t, client_failure> client::receive() {
  std::array<char, 64 * 1'024> buffer;
  line_ = {};
  if (auto failure = too_long())
    return std::move(*failure);
  for (;;) {
    auto n = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n > 0) {
      splitter_.append(buffer.data(), static_cast<size_t>(n));
      return static_cast<size_t>(n);
    }
    if (n == 0 || is_hang_up(errno))
      return closed_failure();
    if (errno == EAGAIN || errno == EWOULDBLOCK)
      return size_t{0};
    if (errno != EINTR)
      return system_failure("cannot read from the bus", errno);
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

std::optional<client_failure> client::send(std::string_view frames, nanoseconds timeout) {
  deadline until{timeout};
  while (!frames.empty()) {
    auto sent = send_some(frames);
    if (auto* failure = std::get_if<client_failure>(&sent))
      return std::move(*failure);
    frames.remove_prefix(std::get<size_t>(sent));
    if (frames.empty())
      break;
    if (auto failure = wait_for(fd(), POLLOUT, until))
      return failure;
  }
  return std::nullopt;
}

std::variant<std::string_view, client_failure> client::next_line(nanoseconds timeout) {
  deadline until{timeout};
  for (;;) {
    if (auto line = buffered_line())
      return *line;
    if (auto failure = too_long())
      return std::move(*failure);
    if (auto failure = wait_for(fd(), POLLIN, until))
      return std::move(*failure);
    auto received = receive();
    if (auto* failure = std::get_if<client_failure>(&received))
      return std::move(*failure);
  }
}

std::variant<client::incoming, client_failure> client::next(nanoseconds timeout) {
  deadline until{timeout};
  for (;;) {
    if (auto result = buffered())
      return std::move(*result);
    if (auto failure = too_long())
      return std::move(*failure);
    if (auto failure = wait_for(fd(), POLLIN, until))
      return std::move(*failure);
    auto received = receive();
    if (auto* failure = std::get_if<client_failure>(&received))
      return std::move(*failure);
  }
}

std::variant<hello_ack, client_failure> client::subscribe(const hello& request, nanoseconds timeout) {
  deadline until{timeout};
  // a bus that refuses may hang up before it has read all: then its reason is still there to be read
  if (auto failure = send(encode(request), timeout); failure && failure->kind != reason::closed)
    return std::move(*failure);
  for (;;) {
    auto answer = next(until.left());
    if (auto* failure = std::get_if<client_failure>(&answer))
      return std::move(*failure);
    auto* other = std::get_if<frame>(&std::get<incoming>(answer));
    if (other == nullptr)
      return client_failure{reason::protocol, "the bus sent an event before its hello_ack"};
    if (auto* ack = std::get_if<hello_ack>(other)) {
      if (ack->rejected && ack->reject_code == "shutting_down")
        return client_failure{reason::stopping, std::move(ack->reject_reason)};
      if (ack->rejected && (ack->reject_code == "busy" || ack->reject_code == "too_many_connections"))
        return client_failure{reason::busy, std::move(ack->reject_reason)};
      if (ack->rejected)
        return client_failure{reason::refused, std::move(ack->reject_reason)};
      return std::move(*ack);
    }
    if (auto* error = std::get_if<error_frame>(other))
      return client_failure{error->code == "shutting_down" ? reason::stopping : reason::refused,
                            std::move(error->message)};
    if (auto* end = std::get_if<bye>(other))
      return client_failure{reason::stopping, std::move(end->reason)};
  }
}

std::variant<event_frame, client_failure> client::next_event(nanoseconds timeout) {
  deadline until{timeout};
  for (;;) {
    auto got = next(until.left());
    if (auto* failure = std::get_if<client_failure>(&got))
      return std::move(*failure);
    auto& what = std::get<incoming>(got);
    if (auto* event = std::get_if<event_frame>(&what))
      return *event;
    if (auto* end = std::get_if<bye>(&std::get<frame>(what)))
      return client_failure{reason::said_bye, std::move(end->reason)};
  }
}

} // namespace cafbus
