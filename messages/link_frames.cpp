#include "messages/link_frames.hpp"

#include "config/link_limits.hpp"
#include "messages/link_bytes.hpp"

#include <array>

namespace cafbus {

namespace {

struct offence_text {
  const char* name;
  const char* text;
};

constexpr std::array offences{
    offence_text{"no_greeting", "its first bytes are not those of a bus"},
    offence_text{"no_common_protocol", "it speaks only older or only newer link protocols than this bus"},
    offence_text{"unknown_kind", "it sent a frame of a kind that does not exist"},
    offence_text{"out_of_place", "it sent a frame that may not come at this point"},
    offence_text{"too_long", "it announced a frame that is longer than any of its kind"},
    offence_text{"malformed", "it sent a frame whose body does not fit its kind"},
    offence_text{"bad_text", "it sent a name that is empty, too long or not UTF-8"},
    offence_text{"too_many", "it asked for too many event types, or for one over too many links"},
    offence_text{"too_many_pings", "it sent pings without end"},
    offence_text{"flood", "it asks without reading the answers"},
    offence_text{"bad_event", "it sent a malformed event"},
    offence_text{"wrong_origin", "it sent an event of a bus for which it cannot speak"},
    offence_text{"not_asked_for", "it sent an event of a type that it was not asked for or may not publish"},
};
static_assert(offences.size() == static_cast<size_t>(link_offence::not_asked_for) + 1);

/// The header, with room for the length.
std::string begin(link_kind x) {
  std::string result(link_header_bytes, '\0');
  result[4] = static_cast<char>(x);
  return result;
}

std::string end(std::string x) {
  set_number(x, 0, static_cast<uint32_t>(x.size() - link_header_bytes));
  return x;
}

struct encoder {
  std::string operator()(const link_greeting& x) const {
    std::string result{link_magic};
    add_number(result, x.lowest);
    add_number(result, x.highest);
    return result;
  }
  std::string operator()(const link_hello& x) const {
    auto result = begin(link_kind::hello);
    add_number(result, x.node);
    add_text(result, x.name, defaults::max_name_bytes);
    if (x.resume) {
      add_number(result, x.resume->node);
      add_number(result, x.resume->number);
      add_number(result, x.resume->taken);
    }
    return end(std::move(result));
  }
  std::string operator()(const link_welcome& x) const {
    auto result = begin(link_kind::welcome);
    add_number(result, x.node);
    add_text(result, x.refused, defaults::max_name_bytes);
    if (x.exporter) {
      add_number(result, x.exporter->number);
      add_number(result, static_cast<uint8_t>(x.exporter->resumed));
    }
    return end(std::move(result));
  }
  std::string operator()(const node_interest& x) const {
    auto result = begin(link_kind::interest);
    add_number(result, static_cast<uint32_t>(x.types.size()));
    for (size_t i = 0; i < x.types.size(); ++i) {
      add_text(result, x.types[i], defaults::max_name_bytes);
      add_number(result, static_cast<uint8_t>(x.via[i].size() | (is_pattern(x, i) ? link_pattern_flag : 0)));
      for (auto node : x.via[i])
        add_number(result, node);
    }
    return end(std::move(result));
  }
  std::string operator()(const link_interest_taken&) const { return begin(link_kind::interest_taken); }
  std::string operator()(const link_events& x) const {
    auto result = begin(link_kind::events);
    result += x.body;
    return end(std::move(result));
  }
  std::string operator()(const link_events_taken&) const { return begin(link_kind::events_taken); }
  std::string operator()(const link_ping&) const { return begin(link_kind::ping); }
  std::string operator()(const link_pong&) const { return begin(link_kind::pong); }
  std::string operator()(const link_bye& x) const {
    auto result = begin(link_kind::bye);
    add_text(result, x.reason, max_link_reason_bytes);
    return end(std::move(result));
  }
};

} // namespace

const char* to_string(link_offence x) noexcept {
  return offences[static_cast<size_t>(x)].name;
}

const char* text_of(link_offence x) noexcept {
  return offences[static_cast<size_t>(x)].text;
}

std::string encode_link(const link_frame& x) {
  return std::visit(encoder{}, x);
}

size_t link_interest_bytes(const std::string& type, const node_path& via) noexcept {
  return sizeof(uint16_t) + type.size() + sizeof(uint8_t) + via.size() * sizeof(uint64_t);
}

size_t max_link_body(link_kind x) noexcept {
  constexpr auto text = sizeof(uint16_t);
  switch (x) {
  case link_kind::hello:
    return sizeof(uint64_t) + text + defaults::max_name_bytes + 3 * sizeof(uint64_t);
  case link_kind::welcome:
    return sizeof(uint64_t) + text + defaults::max_name_bytes + sizeof(uint64_t) + sizeof(uint8_t);
  case link_kind::interest:
    return defaults::max_link_interest_bytes;
  case link_kind::events:
    return defaults::max_link_events_bytes;
  case link_kind::bye:
    return text + max_link_reason_bytes;
  case link_kind::interest_taken:
  case link_kind::events_taken:
  case link_kind::ping:
  case link_kind::pong:
    break;
  }
  return 0;
}

} // namespace cafbus
