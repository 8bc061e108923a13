#include "io/client/publisher.hpp"

#include "base/deadline.hpp"
#include "messages/frame_codec.hpp"

#include <poll.h>

namespace cafbus {

namespace {

/// What has been sent is dropped from the buffer once it is this much: moving the rest is then cheap per byte.
constexpr size_t sent_kept = 256 * 1'024;

} // namespace

void publisher::wait_for_room(std::chrono::nanoseconds limit) {
  auto ms = std::chrono::floor<std::chrono::milliseconds>(limit).count();
  auto frame = ms == 0 && queued_ == 0 ? std::string{} : encode(cafbus::wait_for_room{static_cast<uint64_t>(ms)});
  if (queued_ == 0)
    behind_first_ = frame;
  else
    out_ += frame;
}

void publisher::queue(std::string_view frame) {
  out_ += frame;
  out_ += '\n';
  if (++queued_ == 1)
    out_ += behind_first_;
}

bool publisher::settled() const noexcept {
  return pending() == 0 && totals_.accepted + totals_.duplicates + totals_.rejected >= queued_;
}

result<void> publisher::step() {
  auto sent = send_pending();
  if (pending() == 0 || sent_ > sent_kept) {
    out_.erase(0, sent_);
    sent_ = 0;
  }
  // even after a failure: the bus may have said why it hung up
  auto answered = read_answers();
  return answered ? sent : answered;
}

result<void> publisher::send_pending() {
  while (pending() != 0) {
    auto sent = bus_.send_some(std::string_view{out_}.substr(sent_));
    if (!sent)
      return sent.error();
    if (*sent == 0)
      break;
    sent_ += *sent;
  }
  return {};
}

result<void> publisher::read_answers() {
  for (;;) {
    auto received = bus_.receive();
    while (auto answer = bus_.buffered()) {
      auto* other = std::get_if<frame>(&*answer);
      if (other == nullptr)
        continue;
      if (auto* ack = std::get_if<publish_ack>(other))
        totals_ = *ack;
      else if (auto* error = std::get_if<error_frame>(other))
        return failure{failure_kind::refused, std::move(error->message)};
      else if (auto* end = std::get_if<bye>(other))
        return failure{failure_kind::stopping, std::move(end->reason)};
    }
    if (!received)
      return received.error();
    if (*received == 0)
      return {};
  }
}

template <class Condition>
result<void> publisher::wait_until(Condition done, std::chrono::nanoseconds patience) {
  for (;;) {
    if (auto stepped = step(); !stepped && !done())
      return stepped;
    if (done())
      return {};
    auto events = static_cast<short>(POLLIN | (pending() != 0 ? POLLOUT : 0));
    auto ready = wait_for(bus_.fd(), events, deadline{patience});
    if (ready == 0)
      return failure{failure_kind::timed_out, "the bus did not answer in time"};
    if (ready < 0)
      return errno_failure("cannot wait for the bus");
  }
}

result<void> publisher::finish(std::chrono::nanoseconds patience) {
  return wait_until([this] { return settled(); }, patience);
}

result<void> publisher::make_room(size_t bytes, std::chrono::nanoseconds patience) {
  return wait_until([this, bytes] { return pending() <= bytes; }, patience);
}

} // namespace cafbus
