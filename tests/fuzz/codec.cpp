// Round trip: what decodes encodes to what decodes the same, as one line; and an event's payload is kept byte by byte
// from a publish line to what a consumer reads.
#include "messages/event_cursor.hpp"
#include "messages/event_encoder.hpp"
#include "messages/event_frame.hpp"
#include "messages/frame_codec.hpp"
#include "messages/json_grammar.hpp"
#include "messages/replay.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/messages/padded_line.hpp"

#include <algorithm>

using namespace cafbus;

namespace {

template <class T>
void check_round_trip(const T& x, std::string_view line) {
  if constexpr (requires { encode(x); }) {
    auto text = encode(x);
    fuzz::require(text.ends_with('\n') && std::count(text.begin(), text.end(), '\n') == 1, "not one line", text);
    auto body = std::string_view{text}.substr(0, text.size() - 1);
    fuzz::require(is_json(body, body.size()), "what is encoded is no JSON", text);
    auto again = decode(text);
    auto* same = std::get_if<frame>(&again);
    fuzz::require(same && *same == frame{x}, "a frame changes on its way", line);
    fuzz::require(encode(std::get<T>(*same)) == text, "encoding is not stable", text);
  }
}

/// What a hello asks of the past is refused with a short reason, or can be understood.
void check_wish(const frame& x) {
  const auto* greeting = std::get_if<hello>(&x);
  if (!greeting || !greeting->replay)
    return;
  const auto& wish = *greeting->replay;
  const auto checked = check_replay(wish);
  if (!checked)
    return fuzz::require(checked.error().text.size() < 1'024, "a long complaint", checked.error().text);
  if (!wish.since.empty())
    fuzz::require(static_cast<bool>(parse_since(wish.since, std::chrono::system_clock::now())), "no time", wish.since);
  if (const auto cursor = parse_cursor(wish.cursor); !wish.cursor.empty())
    fuzz::require(cursor && to_text(*cursor) == wish.cursor, "a cursor is written as something else", wish.cursor);
}

void check_event(std::string_view line) {
  event_encoder encoder;
  if (encoder.add_line(line) != event_encoder::outcome::added)
    return;
  auto batch = encoder.finish();
  fuzz::require(batch && batch->size() == 1, "one line, one event");
  fuzz::require(line.find(batch->payload(0)) != line.npos, "the payload is not the publisher's", batch->payload(0));
  std::string wire;
  append_frames(wire, event_range{batch, 0, 1, 18'446'744'073'709'551'615U});
  fuzz::require(wire.ends_with("}\n") && std::count(wire.begin(), wire.end(), '\n') == 1, "not one line", wire);
  event_frame_reader reader;
  padded_line received{std::string_view{wire}.substr(0, wire.size() - 1)};
  auto read = reader.read(received);
  fuzz::require(read.has_value(), "no consumer can read it", wire);
  fuzz::require(read->payload == batch->payload(0) && read->event_type == batch->type(0) &&
                    read->seq == 18'446'744'073'709'551'615U,
                "a consumer reads something else", wire);
  auto id = std::string{read->event_id};
  reader.trust_payloads();
  auto trusted = reader.read(received);
  fuzz::require(trusted && trusted->payload == batch->payload(0) && trusted->event_type == batch->type(0) &&
                    trusted->event_id == id && trusted->seq == 18'446'744'073'709'551'615U,
                "a consumer that trusts the bus reads something else", wire);
  auto decoded = decode(wire);
  fuzz::require(std::holds_alternative<frame>(decoded) && std::holds_alternative<event_line>(std::get<frame>(decoded)),
                "an event is not taken for one", wire);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto input = fuzz::text_of(data, size);
  auto line = input.substr(0, input.find('\n')); // as the splitter cuts it
  auto decoded = decode(line);
  if (auto* x = std::get_if<frame>(&decoded)) {
    check_wish(*x);
    std::visit([&](const auto& y) { check_round_trip(y, line); }, *x);
  }
  check_event(padded_line{line});
  return 0;
}
