#pragma once
#include "messages/event_encoder.hpp"
#include "messages/link_bytes.hpp"
#include "messages/link_frames.hpp"
#include "messages/node_actors.hpp"
#include "messages/stream_list.hpp"

#include <functional>
#include <optional>
#include <span>

namespace cafbus {

/// Between whom a link is, and in which words they speak.
struct link_ends {
  uint64_t self = 0;
  uint64_t peer = 0;
  uint16_t protocol = highest_link_protocol;
};

/// Puts what a link may pass on into one message: not what comes from the bus at its other end, nor what has crossed
/// `max_node_hops` links. The message is, in numbers and texts as `link_frames` has them:
///
///   events dropped for the link so far (8), count (4), then for each event:
///     node (8) and number (8) of where it entered, type number (8), links crossed (1), size (4), its `event` frame
///     with a seq of 0
///   interests answered (4), whether completely (1), count (4), then for each stream:
///     node (8) and number (8), links crossed (1), type (text)
///
/// Protocol 1 has no type numbers and ends after the events.
///
/// @param dropped Events for this link that had to be dropped, since it was made.
/// @returns nothing if there is nothing to pass on.
std::optional<node_events> encode_events(std::span<const event_range> ranges, const link_ends& link, uint64_t dropped);

/// The same for streams, in as many messages as it takes; the last one completes the answer.
/// @param streams Of this bus and of others. @param answered As many interests have been taken over this connection.
/// @pre link.protocol >= first_protocol_with_streams
std::vector<node_events> encode_streams(std::span<const stream_count> streams, const link_ends& link, uint64_t dropped,
                                        uint32_t answered);

/// Makes a message that was sent over one connection, or was to be, fit for the next: interests that were answered over
/// the old one are none of the new one. @returns whether it still says something.
bool forget_answer(node_events& x);

/// What a peer sent as events.
struct decoded_events {
  event_batch_ptr batch; ///< Null if there is none in it, or an offence.
  uint64_t dropped = 0;
  std::vector<stream_count> streams = {};
  uint32_t answered = 0; ///< Interests.
  bool complete = false; ///< This ends the answer to them.
  std::optional<link_offence> offence;
};

/// Reads what the other end of a link has sent, and believes nothing: each event is parsed and encoded as one of a
/// producer would be, and must have an origin for which that bus can speak: itself over one link, any third bus over
/// more than one. Which third bus, and with which number, cannot be checked.
class events_decoder {
public:
  explicit events_decoder(const link_ends& link) : link_{link} {}

  /// @param may_send Whether the peer may send events of that type.
  decoded_events decode(node_events&& x, const std::function<bool(const std::string& type)>& may_send);

private:
  std::optional<link_offence> read(node_events& x, decoded_events& result);
  std::optional<link_offence> read_event(link_bytes& in, std::vector<event_origin>& origins);
  std::optional<link_offence> read_streams(link_bytes& in, decoded_events& result) const;
  bool may_speak_for(uint64_t node, uint32_t hops) const noexcept;
  bool has_streams() const noexcept { return link_.protocol >= first_protocol_with_streams; }

  link_ends link_;
  event_encoder events_;
};

/// The name of a peer with what it showed, for status: NAME, tls, certificate of X until Y.
std::string described(const std::string& name, const link_peer& x);

/// With what the end of a link ends, to say why; and what it says: `otherwise` if nothing.
caf::error link_ended(const std::string& why);
std::string why_ended(const caf::error& x, const std::string& otherwise);

/// A bus's number as status and log show it: 16 hexadecimal digits.
std::string node_text(uint64_t node);

} // namespace cafbus
