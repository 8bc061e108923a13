#include "messages/link_reader.hpp"

#include "base/utf8.hpp"
#include "config/link_limits.hpp"
#include "messages/link_bytes.hpp"
#include "messages/type_pattern.hpp"

#include <algorithm>

namespace cafbus {

namespace {

/// Pings of a peer between two ticks: it sends one, and may have been held up.
constexpr uint32_t pings_per_tick = 8;

/// A buffer larger than this is not kept for the next frame.
constexpr size_t kept_bytes = 4'096;

using decoded = std::variant<link_frame, link_offence>;

bool has_resume(uint16_t protocol) {
  return protocol >= first_protocol_with_resume;
}

decoded decode_hello(link_bytes in, uint16_t protocol) {
  link_hello result;
  result.node = in.number<uint64_t>();
  result.name = in.text();
  if (has_resume(protocol)) {
    auto& x = result.resume.emplace();
    x.node = in.number<uint64_t>();
    x.number = in.number<uint64_t>();
    x.taken = in.number<uint64_t>();
  }
  if (!in.done())
    return link_offence::malformed;
  return is_utf8(result.name) ? decoded{link_frame{std::move(result)}} : link_offence::bad_text;
}

decoded decode_welcome(link_bytes in, uint16_t protocol) {
  link_welcome result;
  result.node = in.number<uint64_t>();
  result.refused = in.text();
  uint8_t resumed = 0;
  if (has_resume(protocol)) {
    const auto number = in.number<uint64_t>();
    resumed = in.number<uint8_t>();
    result.exporter = link_export{number, resumed != 0};
  }
  if (!in.done() || resumed > 1)
    return link_offence::malformed;
  return is_utf8(result.refused) ? decoded{link_frame{std::move(result)}} : link_offence::bad_text;
}

decoded decode_interest(link_bytes in) {
  // a type with an empty name and no way: fewer bytes than that no entry has, so the count cannot make us reserve more
  constexpr size_t least_entry = sizeof(uint16_t) + sizeof(uint8_t);
  const auto count = in.number<uint32_t>();
  if (count > defaults::max_node_types)
    return link_offence::too_many;
  if (count > in.left() / least_entry)
    return link_offence::malformed;
  node_interest result;
  result.types.reserve(count);
  result.via.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    const auto type = in.text();
    const auto flagged = in.number<uint8_t>();
    const auto is_pattern = (flagged & link_pattern_flag) != 0;
    const auto hops = static_cast<uint8_t>(flagged & ~link_pattern_flag);
    if (!in.good())
      return link_offence::malformed;
    if (type.empty() || type.size() > defaults::max_name_bytes || !is_utf8(type))
      return link_offence::bad_text;
    if (is_pattern && !check_pattern(type))
      return link_offence::bad_text;
    if (hops == 0 || hops > defaults::max_node_hops)
      return link_offence::too_many;
    node_path path;
    for (uint8_t hop = 0; hop < hops; ++hop)
      path.push_back(in.number<uint64_t>());
    result.types.emplace_back(type);
    result.via.push_back(std::move(path));
    result.is_pattern.push_back(is_pattern);
  }
  return in.done() ? decoded{link_frame{std::move(result)}} : link_offence::malformed;
}

decoded decode_bye(link_bytes in) {
  link_bye result{std::string{in.text()}};
  if (!in.done())
    return link_offence::malformed;
  return is_utf8(result.reason) ? decoded{link_frame{std::move(result)}} : link_offence::bad_text;
}

/// @pre the body is not longer than the most for its kind.
decoded decode_body(link_kind kind, std::string& body, uint16_t protocol) {
  const link_bytes in{body};
  switch (kind) {
  case link_kind::hello:
    return decode_hello(in, protocol);
  case link_kind::welcome:
    return decode_welcome(in, protocol);
  case link_kind::interest:
    return decode_interest(in);
  case link_kind::interest_taken:
    return link_frame{link_interest_taken{}};
  case link_kind::events:
    return link_frame{link_events{std::move(body)}};
  case link_kind::events_taken:
    return link_frame{link_events_taken{}};
  case link_kind::ping:
    return link_frame{link_ping{}};
  case link_kind::pong:
    return link_frame{link_pong{}};
  case link_kind::bye:
    return decode_bye(in);
  }
  return link_offence::unknown_kind;
}

} // namespace

size_t link_reader::read(std::string_view bytes) {
  size_t used = 0;
  while (used < bytes.size() && !frame_ && !offence_) {
    const auto rest = bytes.substr(used);
    switch (stage_) {
    case stage::greeting:
      used += read_greeting(rest);
      break;
    case stage::header:
      used += read_header(rest);
      break;
    case stage::body:
      used += fill(rest, length_);
      if (buffer_.size() == length_)
        finish_body();
    }
  }
  return used;
}

/// Takes of `bytes` what is missing to `wanted`.
size_t link_reader::fill(std::string_view bytes, size_t wanted) {
  const auto n = std::min(bytes.size(), wanted - buffer_.size());
  buffer_.append(bytes, 0, n);
  return n;
}

/// A peer that is not a bus is noticed at its first wrong byte.
size_t link_reader::read_greeting(std::string_view bytes) {
  const auto used = fill(bytes, link_greeting_bytes);
  const auto magic = std::string_view{buffer_}.substr(0, link_magic.size());
  if (magic != link_magic.substr(0, magic.size()))
    fail(link_offence::no_greeting);
  else if (buffer_.size() == link_greeting_bytes)
    finish_greeting();
  return used;
}

void link_reader::finish_greeting() {
  link_bytes in{std::string_view{buffer_}.substr(link_magic.size())};
  link_greeting greeting;
  greeting.lowest = in.number<uint16_t>();
  greeting.highest = in.number<uint16_t>();
  buffer_.clear();
  const auto common = std::min(greeting.highest, highest_link_protocol);
  if (greeting.lowest > greeting.highest || common < std::max(greeting.lowest, lowest_link_protocol))
    return fail(link_offence::no_common_protocol);
  protocol_ = common;
  stage_ = stage::header;
  frame_ = greeting;
}

size_t link_reader::read_header(std::string_view bytes) {
  const auto used = fill(bytes, link_header_bytes);
  if (buffer_.size() == link_header_bytes)
    finish_header();
  return used;
}

/// Everything that a header can be wrong in, before a byte of the body is held.
void link_reader::finish_header() {
  link_bytes in{buffer_};
  length_ = in.number<uint32_t>();
  const auto kind = in.number<uint8_t>();
  buffer_.clear();
  if (kind < static_cast<uint8_t>(link_kind::hello) || kind > static_cast<uint8_t>(link_kind::bye))
    return fail(link_offence::unknown_kind);
  kind_ = static_cast<link_kind>(kind);
  if (!may_come(kind_))
    return fail(kind_ == link_kind::ping ? link_offence::too_many_pings : link_offence::out_of_place);
  if (length_ > max_link_body(kind_))
    return fail(link_offence::too_long);
  stage_ = stage::body;
  if (length_ == 0)
    finish_body();
}

void link_reader::finish_body() {
  stage_ = stage::header;
  auto x = decode_body(kind_, buffer_, protocol_);
  buffer_.clear();
  if (buffer_.capacity() > kept_bytes)
    buffer_ = std::string{}; // `= {}` would keep the memory
  if (const auto* offence = std::get_if<link_offence>(&x))
    return fail(*offence);
  came(kind_, length_);
  frame_ = std::move(std::get<link_frame>(x));
}

/// As `link_outbox` of the other bus keeps to it. Where the window is narrow, the number of messages bounds the bytes.
bool link_reader::has_window() const noexcept {
  const auto window = link_window(protocol_);
  const auto is_wide = protocol_ >= first_protocol_with_wide_window;
  return in_flight_.size() < window && (!is_wide || bytes_in_flight_ < window * defaults::delivery_bytes);
}

bool link_reader::may_come(link_kind x) const noexcept {
  const auto calls = own_ == link_side::caller;
  switch (x) {
  case link_kind::hello:
    return !calls && phase_ == phase::introduction;
  case link_kind::welcome:
    return calls && phase_ == phase::hello;
  case link_kind::interest:
    return !calls && phase_ == phase::open && !asking_;
  case link_kind::interest_taken:
    return calls && asking_;
  case link_kind::events:
    return calls && phase_ == phase::open && has_window();
  case link_kind::events_taken:
    return !calls && !in_flight_.empty();
  case link_kind::ping:
    return pings_ < pings_per_tick;
  case link_kind::pong:
    return pongs_due_ > 0;
  case link_kind::bye:
    return true;
  }
  return false;
}

void link_reader::came(link_kind x, uint32_t length) {
  switch (x) {
  case link_kind::hello:
    phase_ = phase::hello;
    break;
  case link_kind::welcome:
    phase_ = phase::open;
    break;
  case link_kind::interest:
    asking_ = true;
    break;
  case link_kind::interest_taken:
    asking_ = false;
    break;
  case link_kind::events:
    in_flight_.push_back(length);
    bytes_in_flight_ += length;
    break;
  case link_kind::events_taken:
    bytes_in_flight_ -= in_flight_.front();
    in_flight_.pop_front();
    break;
  case link_kind::ping:
    ++pings_;
    break;
  case link_kind::pong:
    --pongs_due_;
    break;
  case link_kind::bye:
    break;
  }
}

/// What this side sends moves the same states as what comes, but for pings and pongs.
void link_reader::sent(link_kind x) {
  if (x == link_kind::ping)
    ++pongs_due_;
  else if (x != link_kind::pong)
    came(x, 0);
}

} // namespace cafbus
