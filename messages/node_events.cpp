#include "messages/node_events.hpp"

#include "base/utf8.hpp"
#include "config/link_limits.hpp"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <simdjson.h>

namespace cafbus {

namespace {

/// Before the events: how many were dropped, and how many follow.
constexpr size_t start_bytes = sizeof(uint64_t) + sizeof(uint32_t);

/// Before each event: where it comes from, and how long it is; without the type number in protocol 1.
constexpr size_t origin_bytes = 3 * sizeof(uint64_t) + sizeof(uint8_t) + sizeof(uint32_t);
constexpr size_t least_origin = origin_bytes - sizeof(uint64_t);

/// After the events: what is answered, and how many streams follow.
constexpr size_t end_bytes = 2 * sizeof(uint32_t) + sizeof(uint8_t);

/// Of a stream, without the bytes of its type.
constexpr size_t stream_bytes = 2 * sizeof(uint64_t) + sizeof(uint8_t) + sizeof(uint16_t);

/// No bus lives to see as many events of a type; a larger number is a lie, and sums of them do not overflow.
constexpr uint64_t max_type_number = uint64_t{1} << 48;

constexpr std::string_view no_seq = "0";

/// The smallest event frame that there is; fewer bytes than that none has.
constexpr size_t least_frame = sizeof(R"({"type":"event","event_type":"a","payload":0})") - 1;

// a delivery of the smallest events, or the largest single one, and what stands around them
static_assert(defaults::max_link_events_bytes >= start_bytes + defaults::delivery_bytes +
                                                     defaults::delivery_bytes / least_frame * (origin_bytes + 1) +
                                                     end_bytes);
static_assert(defaults::max_link_events_bytes >=
              start_bytes + origin_bytes + defaults::max_frame_bytes + 1 + end_bytes);

bool has_streams(const link_ends& link) {
  return link.protocol >= first_protocol_with_streams;
}

void add_event(std::string& body, const event_origin& origin, const event_batch& batch, size_t i, bool numbered) {
  const auto head = batch.head(i);
  const auto tail = batch.tail(i);
  add_number(body, origin.node);
  add_number(body, origin.number);
  if (numbered)
    add_number(body, origin.type_number);
  add_number(body, static_cast<uint8_t>(origin.hops));
  add_number(body, static_cast<uint32_t>(head.size() + no_seq.size() + tail.size()));
  body += head;
  body += no_seq;
  body += tail;
}

void add_end(std::string& body, uint32_t answered, bool complete, uint32_t count) {
  add_number(body, answered);
  add_number(body, static_cast<uint8_t>(complete));
  add_number(body, count);
}

/// As it is on the other side of the link; whether it may go there.
bool cross(uint64_t& node, uint32_t& hops, const link_ends& link) {
  if (node == link.peer || hops >= defaults::max_node_hops)
    return false;
  node = node == 0 ? link.self : node;
  ++hops;
  return true;
}

} // namespace

std::optional<node_events> encode_events(std::span<const event_range> ranges, const link_ends& link, uint64_t dropped) {
  size_t size = start_bytes + end_bytes;
  for (const auto& range : ranges)
    size += range.bytes() + range.size() * (origin_bytes + no_seq.size());
  node_events result;
  result.body.reserve(size);
  add_number(result.body, dropped);
  add_number(result.body, uint32_t{0});
  uint32_t count = 0;
  for (const auto& range : ranges) {
    for (auto i = range.first; i < range.last; ++i) {
      auto origin = range.origin(i);
      if (!cross(origin.node, origin.hops, link))
        continue;
      add_event(result.body, origin, *range.batch, i, has_streams(link));
      ++count;
    }
  }
  set_number(result.body, sizeof(uint64_t), count);
  if (has_streams(link))
    add_end(result.body, 0, false, 0);
  return count == 0 ? std::nullopt : std::optional{std::move(result)};
}

std::vector<node_events> encode_streams(std::span<const stream_count> streams, const link_ends& link, uint64_t dropped,
                                        uint32_t answered) {
  std::vector<node_events> result;
  for (auto next = streams.begin(); result.empty() || next != streams.end();) {
    std::string body;
    uint32_t count = 0;
    for (; next != streams.end() && body.size() < defaults::delivery_bytes; ++next) {
      auto x = *next;
      if (!cross(x.node, x.hops, link))
        continue;
      add_number(body, x.node);
      add_number(body, x.number);
      add_number(body, static_cast<uint8_t>(x.hops));
      add_text(body, x.type, defaults::max_name_bytes);
      ++count;
    }
    node_events message;
    add_number(message.body, dropped);
    add_number(message.body, uint32_t{0});
    add_end(message.body, answered, next == streams.end(), count);
    message.body += body;
    result.push_back(std::move(message));
  }
  return result;
}

bool forget_answer(node_events& x) {
  // only messages without events answer anything
  link_bytes in{x.body};
  in.number<uint64_t>();
  if (in.number<uint32_t>() != 0 || in.left() < end_bytes)
    return true;
  set_number(x.body, start_bytes, uint32_t{0});
  set_number(x.body, start_bytes + sizeof(uint32_t), uint8_t{0});
  return in.left() > end_bytes;
}

decoded_events events_decoder::decode(node_events&& x, const std::function<bool(const std::string& type)>& may_send) {
  decoded_events result;
  result.offence = read(x, result);
  if (!result.offence && result.batch)
    for (const auto& type : result.batch->types)
      if (!may_send(type))
        result.offence = link_offence::not_asked_for;
  if (result.offence) {
    events_.finish({}); // what came before it is not believed either
    decoded_events nothing;
    nothing.offence = result.offence;
    return nothing;
  }
  return result;
}

std::optional<link_offence> events_decoder::read(node_events& x, decoded_events& result) {
  x.body.reserve(x.body.size() + simdjson::SIMDJSON_PADDING); // the parser reads a little beyond the last line
  link_bytes in{x.body};
  result.dropped = in.number<uint64_t>();
  const auto count = in.number<uint32_t>();
  if (!in.good() || count > in.left() / (least_origin + least_frame))
    return link_offence::malformed;
  std::vector<event_origin> origins;
  origins.reserve(count);
  for (uint32_t i = 0; i < count; ++i)
    if (auto offence = read_event(in, origins))
      return offence;
  if (has_streams())
    if (auto offence = read_streams(in, result))
      return offence;
  if (!in.done() || (count == 0 && result.streams.empty() && !result.complete))
    return link_offence::malformed;
  if (count != 0)
    result.batch = events_.finish(std::move(origins));
  return std::nullopt;
}

std::optional<link_offence> events_decoder::read_event(link_bytes& in, std::vector<event_origin>& origins) {
  event_origin origin;
  origin.node = in.number<uint64_t>();
  origin.number = in.number<uint64_t>();
  if (has_streams())
    origin.type_number = in.number<uint64_t>();
  origin.hops = in.number<uint8_t>();
  const auto line = in.take(in.number<uint32_t>());
  if (!in.good() || line.empty() || line.size() > defaults::max_frame_bytes + no_seq.size())
    return link_offence::malformed;
  if (line.find('\n') < line.size() - 1) // white space to JSON, but the end of a frame to a consumer
    return link_offence::bad_event;
  if (!may_speak_for(origin.node, origin.hops) || origin.number == 0 || origin.type_number > max_type_number)
    return link_offence::wrong_origin;
  if (events_.add_line(line, event_encoder::origin::other_bus) != event_encoder::outcome::added)
    return link_offence::bad_event;
  origins.push_back(origin);
  return std::nullopt;
}

std::optional<link_offence> events_decoder::read_streams(link_bytes& in, decoded_events& result) const {
  result.answered = in.number<uint32_t>();
  const auto complete = in.number<uint8_t>();
  const auto count = in.number<uint32_t>();
  if (!in.good() || complete > 1 || count > in.left() / stream_bytes)
    return link_offence::malformed;
  result.complete = complete != 0;
  result.streams.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    stream_count x;
    x.node = in.number<uint64_t>();
    x.number = in.number<uint64_t>();
    x.hops = in.number<uint8_t>();
    x.type = in.text();
    if (!in.good())
      return link_offence::malformed;
    if (x.type.empty() || x.type.size() > defaults::max_name_bytes || !is_utf8(x.type))
      return link_offence::bad_text;
    if (!may_speak_for(x.node, x.hops) || x.number > max_type_number)
      return link_offence::wrong_origin;
    result.streams.push_back(std::move(x));
  }
  return std::nullopt;
}

bool events_decoder::may_speak_for(uint64_t node, uint32_t hops) const noexcept {
  return node != 0 && node != link_.self && hops >= 1 && hops <= defaults::max_node_hops &&
         (node == link_.peer) == (hops == 1);
}

std::string described(const std::string& name, const link_peer& x) {
  if (x.transport == link_transport::none)
    return name;
  auto text = name + ", " + to_string(x.transport);
  return x.transport == link_transport::tls     ? text + ", certificate of " + x.certificate + " until " + x.expires
         : x.transport == link_transport::plain ? text + ": insecure-network"
                                                : text;
}

caf::error link_ended(const std::string& why) {
  return caf::make_error(caf::sec::cannot_connect_to_node, why);
}

std::string why_ended(const caf::error& x, const std::string& otherwise) {
  return x && x.context().match_elements<std::string>() ? x.context().get_as<std::string>(0) : otherwise;
}

std::string node_text(uint64_t node) {
  std::array<char, 17> digits;
  std::snprintf(digits.data(), digits.size(), "%016" PRIx64, node);
  return {digits.data(), digits.size() - 1};
}

} // namespace cafbus
