#include "bench/event_stream.hpp"

#include "bench/clock.hpp"
#include "bench/payload.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <string_view>

namespace cafbus::bench {

namespace {

constexpr std::string_view ping = "PING\r\n";
constexpr size_t shown_bytes = 32; // of a payload, to find where it begins

/// The number in the `digits` (1 to 8) characters before `end`, which has eight readable ones before it.
uint64_t number_before(const char* end, size_t digits) {
  char text[8];
  std::memcpy(text, "00000000", 8 - digits);
  std::memcpy(text + 8 - digits, end - digits, digits);
  return payload::read_eight(text);
}

} // namespace

event_stream::event_stream(const expectation& x) : expect_{x}, next_(x.publishers, x.first), seq_digits_{x.numbered} {
  if (!x.payloads)
    return;
  due_.resize(x.payloads->size());
  due_[0] = x.publishers;
  shortest_ = std::min_element(x.payloads->begin(), x.payloads->end(), [](auto& y, auto& z) {
                return y.size() < z.size();
              })->size();
}

size_t event_stream::take(const char* data, size_t size) {
  size_t at = 0;
  while (at < size && broken_.empty()) {
    if (data[at] == 'P' && size - at >= ping.size() && std::string_view{data + at, ping.size()} == ping) {
      pong_due_ = true;
      at += ping.size();
      continue;
    }
    if (expect_.payloads) {
      auto taken = take_verbatim(data + at, size - at);
      if (taken == 0)
        break;
      at += taken;
      continue;
    }
    if (frame_size_ == 0 && !learn(data + at, size - at))
      break;
    if (expect_.numbered && expect_.modulus == 0)
      measure_seq(data + at, data + size);
    auto whole = frame_size_ + seq_digits_;
    if (size - at < whole || !check(data + at))
      break;
    at += whole;
  }
  return at;
}

/// @returns where the first of the payloads that are due begins; npos: nowhere.
size_t event_stream::find_due(std::string_view head) const {
  const auto& bodies = *expect_.payloads;
  auto result = std::string_view::npos;
  for (size_t i = 0; i < bodies.size() && result >= shortest_; ++i) { // no other event begins before `shortest_`
    const auto index = (likely_ + i) % bodies.size();
    if (due_[index] > 0)
      result = std::min(result, head.find(std::string_view{bodies[index]}.substr(0, shown_bytes)));
  }
  return result;
}

/// @returns the bytes of the frame; 0 if it is not whole yet or none that is due.
size_t event_stream::take_verbatim(const char* frame, size_t size) {
  constexpr size_t longest_head = 1'024;
  const auto& bodies = *expect_.payloads;
  const auto at = find_due({frame, std::min(size, longest_head)});
  auto may_be_cut = at == std::string_view::npos && size <= longest_head;
  for (size_t i = 0; i < bodies.size() && at != std::string_view::npos; ++i) {
    const auto index = (likely_ + i) % bodies.size();
    const auto& body = bodies[index];
    const auto known = std::min(body.size(), size - at);
    if (due_[index] == 0 || std::memcmp(frame + at, body.data(), known) != 0)
      continue;
    const auto whole = at + body.size() + expect_.trailer;
    if (size < whole) {
      may_be_cut = true;
      continue;
    }
    if (expect_.trailer > 0 && frame[whole - 1] != '\n')
      continue;
    --due_[index];
    likely_ = (index + 1) % bodies.size();
    ++due_[likely_];
    ++events_;
    return whole;
  }
  if (!may_be_cut)
    fail(fmt::format("event {} has not got the payload that is due", events_));
  return 0;
}

bool event_stream::learn(const char* data, size_t size) {
  std::string_view text{data, size};
  auto payload_at = text.find(payload::start);
  if (payload_at == std::string_view::npos || size < payload_at + expect_.payload_size + expect_.trailer)
    return false;
  if (expect_.numbered) {
    constexpr std::string_view seq = "\"seq\":";
    auto at = text.find(seq);
    if (at == std::string_view::npos || at > payload_at)
      return fail("the first frame has no seq before its payload");
    seq_at_ = at + seq.size();
    seq_digits_ = text.find(',', seq_at_) - seq_at_; // prepared frames keep that
  }
  payload_at_ = payload_at - seq_digits_;
  frame_size_ = payload_at_ + expect_.payload_size + expect_.trailer;
  last_byte_ = expect_.trailer > 0 ? '\n' : '}';
  return true;
}

void event_stream::measure_seq(const char* frame, const char* end) {
  if (!expect_.holes) {
    while (seq_ >= seq_limit_) {
      seq_limit_ *= 10;
      ++seq_digits_;
    }
    return;
  }
  size_t digits = 0;
  for (const auto* p = frame + seq_at_; p < end && *p >= '0' && *p <= '9'; ++p)
    ++digits;
  seq_digits_ = digits;
}

bool event_stream::check(const char* frame) {
  if (frame[frame_size_ + seq_digits_ - 1] != last_byte_)
    return fail(fmt::format("event {} is not {} bytes long", events_, frame_size_ + seq_digits_));
  const auto* body = frame + payload_at_ + seq_digits_;
  auto origin = expect_.publishers > 1 ? payload::origin(body) : 0;
  if (origin >= next_.size())
    return fail(fmt::format("event {} comes from publisher {}", events_, origin));
  auto& next = next_[origin];
  uint64_t skipped = 0;
  if (auto number = payload::number_mod(body); number != next % payload::eight_digits) {
    auto ahead = (number + payload::eight_digits - next % payload::eight_digits) % payload::eight_digits;
    if (!expect_.holes || ahead % expect_.stride != 0 || ahead > payload::eight_digits / 2)
      return fail(fmt::format("event {} is number {} where {} is due", events_, number, next));
    skipped = ahead / expect_.stride;
    missing_ += skipped;
    next += ahead;
  }
  next += expect_.stride;
  if (next == expect_.modulus)
    next = 0;
  if (expect_.numbered && expect_.modulus == 0) {
    seq_ += skipped;
    if (number_before(frame + seq_at_ + seq_digits_, std::min<size_t>(seq_digits_, 8)) != seq_ % payload::eight_digits)
      return fail(fmt::format("event {} has another seq than {}", events_, seq_));
    ++seq_;
  }
  ++events_;
  if (ages_)
    ages_->add(now_ns() - payload::time(body));
  return true;
}

bool event_stream::fail(std::string text) {
  broken_ = std::move(text);
  return false;
}

} // namespace cafbus::bench
