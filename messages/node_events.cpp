#include "messages/node_events.hpp"

#include "config/link_limits.hpp"
#include "messages/link_bytes.hpp"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <simdjson.h>

namespace cafbus {

namespace {

/// Before the events: how many were dropped, and how many follow.
constexpr size_t start_bytes = sizeof(uint64_t) + sizeof(uint32_t);

/// Before each event: where it comes from, and how long it is.
constexpr size_t origin_bytes = 2 * sizeof(uint64_t) + sizeof(uint8_t) + sizeof(uint32_t);

constexpr std::string_view no_seq = "0";

/// The smallest event frame that there is; fewer bytes than that none has.
constexpr size_t least_frame = sizeof(R"({"type":"event","event_type":"a","payload":0})") - 1;

// a delivery of the smallest events, or the largest single one, and what stands around them
static_assert(defaults::max_link_events_bytes >=
              start_bytes + defaults::delivery_bytes + defaults::delivery_bytes / least_frame * (origin_bytes + 1));
static_assert(defaults::max_link_events_bytes >= start_bytes + origin_bytes + defaults::max_frame_bytes + 1);

void add_event(std::string& body, const event_origin& origin, const event_batch& batch, size_t i) {
  const auto head = batch.head(i);
  const auto tail = batch.tail(i);
  add_number(body, origin.node);
  add_number(body, origin.number);
  add_number(body, static_cast<uint8_t>(origin.hops));
  add_number(body, static_cast<uint32_t>(head.size() + no_seq.size() + tail.size()));
  body += head;
  body += no_seq;
  body += tail;
}

} // namespace

std::optional<node_events> encode_events(std::span<const event_range> ranges, uint64_t self, uint64_t peer,
                                         uint64_t dropped) {
  size_t size = start_bytes;
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
      if (origin.node == peer || origin.hops >= defaults::max_node_hops)
        continue;
      origin.node = origin.node == 0 ? self : origin.node;
      ++origin.hops;
      add_event(result.body, origin, *range.batch, i);
      ++count;
    }
  }
  set_number(result.body, sizeof(uint64_t), count);
  return count == 0 ? std::nullopt : std::optional{std::move(result)};
}

decoded_events events_decoder::decode(node_events&& x, const std::function<bool(const std::string& type)>& may_send) {
  decoded_events result;
  result.offence = read(x, result);
  if (!result.offence)
    for (const auto& type : result.batch->types)
      if (!may_send(type))
        result.offence = link_offence::not_asked_for;
  if (result.offence) {
    events_.finish({}); // what came before it is not believed either
    result.batch = nullptr;
  }
  return result;
}

std::optional<link_offence> events_decoder::read(node_events& x, decoded_events& result) {
  x.body.reserve(x.body.size() + simdjson::SIMDJSON_PADDING); // the parser reads a little beyond the last line
  link_bytes in{x.body};
  result.dropped = in.number<uint64_t>();
  const auto count = in.number<uint32_t>();
  if (!in.good() || count == 0 || count > in.left() / (origin_bytes + least_frame))
    return link_offence::malformed;
  std::vector<event_origin> origins;
  origins.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    event_origin origin;
    origin.node = in.number<uint64_t>();
    origin.number = in.number<uint64_t>();
    origin.hops = in.number<uint8_t>();
    const auto line = in.take(in.number<uint32_t>());
    if (!in.good() || line.empty() || line.size() > defaults::max_frame_bytes + no_seq.size())
      return link_offence::malformed;
    if (line.find('\n') < line.size() - 1) // white space to JSON, but the end of a frame to a consumer
      return link_offence::bad_event;
    if (!may_speak_for(origin))
      return link_offence::wrong_origin;
    if (events_.add_line(line, event_encoder::origin::other_bus) != event_encoder::outcome::added)
      return link_offence::bad_event;
    origins.push_back(origin);
  }
  if (!in.done())
    return link_offence::malformed;
  result.batch = events_.finish(std::move(origins));
  return std::nullopt;
}

bool events_decoder::may_speak_for(const event_origin& x) const noexcept {
  return x.node != 0 && x.node != self_ && x.number != 0 && x.hops >= 1 && x.hops <= defaults::max_node_hops &&
         (x.node == peer_) == (x.hops == 1);
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
