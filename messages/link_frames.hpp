#pragma once
#include "messages/actors.hpp"
#include "messages/link_protocol.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

/// The wire between two linked buses. All numbers are little-endian. Each side first sends its greeting, whose 16 bytes
/// never change; the highest protocol that both speak counts from then on. After it come frames: the length of the body
/// (4 bytes), the kind (1 byte), the body. A text is its length (2 bytes) and its bytes, which are UTF-8.
///
///   greeting        "cafbus-link\n", lowest protocol (2), highest protocol (2)
///   hello           the calling bus's node (8), its name (text); from protocol 3 on what it comes back to: the node
///                   (8) and number (8) of an export, and how many of its `events` were taken (8)
///   welcome         the answering bus's node (8), why it refuses (text; empty: welcome); from protocol 3 on the number
///                   of its export (8), and whether that is the one asked for (1)
///   interest        count (4), then for each event type: its name (text), hops (1), that many nodes (8 each);
///                   hops has 128 added if the name is a pattern of types
///   interest_taken  -
///   events          as `node_events` holds them
///   events_taken    -
///   ping, pong      -
///   bye             reason (text)
///
/// The bus that wants events calls: it sends hello, interest and events_taken, the other one the rest.
namespace cafbus {

enum class link_side : uint8_t {
  caller, ///< Wants events, and has made the connection.
  answerer,
};

enum class link_kind : uint8_t {
  hello = 1,
  welcome,
  interest,
  interest_taken,
  events,
  events_taken,
  ping,
  pong,
  bye,
};

/// What a peer can do wrong on a link. Whatever it is, it ends the connection and nothing else.
enum class link_offence : uint8_t {
  no_greeting,        ///< The first bytes are not those of a bus.
  no_common_protocol, ///< It speaks older or newer protocols only.
  unknown_kind,
  out_of_place, ///< A frame that may come, but not now or not from this side.
  too_long,     ///< The length is above the most for that kind.
  malformed,    ///< The body is not what its kind says.
  bad_text,     ///< A text that is not UTF-8, or an event type that is empty or too long.
  too_many,     ///< Event types, or buses on the way of one.
  too_many_pings,
  flood,         ///< It asks and does not read.
  bad_event,     ///< What it sent as an event is none.
  wrong_origin,  ///< An event of a bus for which it cannot speak.
  not_asked_for, ///< An event of a type that it was not asked for, or may not publish.
};

/// The name in the log: `no_greeting`.
const char* to_string(link_offence x) noexcept;

/// The same for people: "its first bytes are not those of a bus".
const char* text_of(link_offence x) noexcept;

struct link_greeting {
  uint16_t lowest = lowest_link_protocol;
  uint16_t highest = highest_link_protocol;
  bool operator==(const link_greeting&) const = default;
};
struct link_hello {
  uint64_t node = 0;
  std::string name;
  std::optional<link_resume> resume = {}; ///< From `first_protocol_with_resume` on.
  bool operator==(const link_hello&) const = default;
};
struct link_welcome {
  uint64_t node = 0;
  std::string refused;
  std::optional<link_export> exporter = {}; ///< From `first_protocol_with_resume` on.
  bool operator==(const link_welcome&) const = default;
};
/// In the number of hops of an interest's entry: its name is a pattern.
inline constexpr uint8_t link_pattern_flag = 128;

struct link_interest_taken {
  bool operator==(const link_interest_taken&) const = default;
};
/// The body is looked into by `decode_events` only.
struct link_events {
  std::string body;
  bool operator==(const link_events&) const = default;
};
struct link_events_taken {
  bool operator==(const link_events_taken&) const = default;
};
struct link_ping {
  bool operator==(const link_ping&) const = default;
};
struct link_pong {
  bool operator==(const link_pong&) const = default;
};
struct link_bye {
  std::string reason;
  bool operator==(const link_bye&) const = default;
};

using link_frame = std::variant<link_greeting, link_hello, link_welcome, node_interest, link_interest_taken,
                                link_events, link_events_taken, link_ping, link_pong, link_bye>;

/// The bytes of a frame. Texts that are too long are cut; @pre the counts of an interest are within their limits.
std::string encode_link(const link_frame& x);

/// Bytes of an interest's frame that one more type takes; for `max_link_interest_bytes`.
size_t link_interest_bytes(const std::string& type, const node_path& via) noexcept;

/// The longest body of a kind; 0 for a kind that does not exist.
size_t max_link_body(link_kind x) noexcept;

} // namespace cafbus
