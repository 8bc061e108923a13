#include "io/client/publisher.hpp"

#include "messages/frame_codec.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace cafbus {

namespace {

using reason = client_failure::reason;

/// What has been sent is dropped from the buffer once it is this much: moving the rest is then cheap per byte.
constexpr size_t sent_kept = 256 * 1'024;

} // namespace

void publisher::queue(std::string_view frame) {
  out_ += frame;
  out_ += '\n';
  ++queued_;
}

bool publisher::settled() const noexcept {
  return pending() == 0 && totals_.accepted + totals_.duplicates + totals_.rejected >= queued_;
}

std::optional<client_failure> publisher::step() {
  std::optional<client_failure> broken;
  while (pending() != 0 && !broken) {
    auto sent = bus_.send_some(std::string_view{out_}.substr(sent_));
    if (auto* failure = std::get_if<client_failure>(&sent))
      broken = std::move(*failure);
    else if (auto n = std::get<size_t>(sent); n != 0)
      sent_ += n;
    else
      break;
  }
  if (pending() == 0 || sent_ > sent_kept) {
    out_.erase(0, sent_);
    sent_ = 0;
  }
  // even after a failure: the bus may have said why it hung up
  if (auto failure = read_answers())
    return failure;
  return broken;
}

std::optional<client_failure> publisher::read_answers() {
  for (;;) {
    auto received = bus_.receive();
    while (auto answer = bus_.buffered()) {
      auto* other = std::get_if<frame>(&*answer);
      if (other == nullptr)
        continue;
      if (auto* ack = std::get_if<publish_ack>(other))
        totals_ = *ack;
      else if (auto* error = std::get_if<error_frame>(other))
        return client_failure{reason::refused, std::move(error->message)};
      else if (auto* end = std::get_if<bye>(other))
        return client_failure{reason::said_bye, std::move(end->reason)};
    }
    if (auto* failure = std::get_if<client_failure>(&received))
      return std::move(*failure);
    if (std::get<size_t>(received) == 0)
      return std::nullopt;
  }
}

template <class Condition>
std::optional<client_failure> publisher::wait_until(Condition done, std::chrono::nanoseconds patience) {
  using namespace std::chrono;
  auto ms = static_cast<int>(std::clamp<int64_t>(ceil<milliseconds>(patience).count(), 0, 86'400'000));
  for (;;) {
    if (auto failure = step(); failure && !done())
      return failure;
    if (done())
      return std::nullopt;
    pollfd item{bus_.fd(), static_cast<short>(POLLIN | (pending() != 0 ? POLLOUT : 0)), 0};
    auto ready = ::poll(&item, 1, ms);
    if (ready == 0)
      return client_failure{reason::timeout, "the bus did not answer in time"};
    if (ready < 0 && errno != EINTR)
      return client_failure{reason::system, "cannot wait for the bus: " + std::system_category().message(errno)};
  }
}

std::optional<client_failure> publisher::finish(std::chrono::nanoseconds patience) {
  return wait_until([this] { return settled(); }, patience);
}

std::optional<client_failure> publisher::make_room(size_t bytes, std::chrono::nanoseconds patience) {
  return wait_until([this, bytes] { return pending() <= bytes; }, patience);
}

} // namespace cafbus
