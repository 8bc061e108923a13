#pragma once
#include "messages/event_encoder.hpp"
#include "messages/link_frames.hpp"
#include "messages/node_actors.hpp"

#include <functional>
#include <optional>
#include <span>

namespace cafbus {

/// Puts what a link may pass on into one message: not what comes from the bus at its other end, nor what has crossed
/// `max_node_hops` links. The message is, in numbers and texts as `link_frames` has them:
///
///   events dropped for the link so far (8), count (4), then for each event:
///     node (8) and number (8) of where it entered, links crossed (1), size (4), its `event` frame with a seq of 0
///
/// @param self,peer The buses at this and at the other end.
/// @param dropped Events for this link that had to be dropped, since it was made.
/// @returns nothing if there is nothing to pass on.
std::optional<node_events> encode_events(std::span<const event_range> ranges, uint64_t self, uint64_t peer,
                                         uint64_t dropped);

/// What a peer sent as events.
struct decoded_events {
  event_batch_ptr batch; ///< Null if there is an offence.
  uint64_t dropped = 0;
  std::optional<link_offence> offence;
};

/// Reads what the other end of a link has sent, and believes nothing: each event is parsed and encoded as one of a
/// producer would be, and must have an origin for which that bus can speak: itself over one link, any third bus over
/// more than one. Which third bus, and with which number, cannot be checked.
class events_decoder {
public:
  /// @param self,peer The buses at this and at the other end.
  events_decoder(uint64_t self, uint64_t peer) : self_{self}, peer_{peer} {}

  /// @param may_send Whether the peer may send events of that type.
  decoded_events decode(node_events&& x, const std::function<bool(const std::string& type)>& may_send);

private:
  std::optional<link_offence> read(node_events& x, decoded_events& result);
  bool may_speak_for(const event_origin& x) const noexcept;

  uint64_t self_;
  uint64_t peer_;
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
