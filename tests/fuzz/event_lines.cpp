// Lines of a source or a producer: the encoder's verdict agrees with the codec's and the grammar's, and what it takes
// in is passed on verbatim.
#include "messages/event_encoder.hpp"
#include "messages/frame_codec.hpp"
#include "messages/frame_splitter.hpp"
#include "messages/json_grammar.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <nlohmann/json.hpp>
#include <vector>

using namespace cafbus;
using outcome = event_encoder::outcome;

namespace {

bool is(const std::variant<frame, codec_error>& x, codec_error error) {
  return std::holds_alternative<codec_error>(x) && std::get<codec_error>(x) == error;
}

template <class Frame>
bool is(const std::variant<frame, codec_error>& x) {
  return std::holds_alternative<frame>(x) && std::holds_alternative<Frame>(std::get<frame>(x));
}

bool is_bom(std::string_view line) {
  return line.starts_with("\xef\xbb\xbf");
}

void check_rejected(event_error error, const std::variant<frame, codec_error>& decoded, std::string_view line) {
  auto json = is_json(line, line.size());
  // of a publish frame the codec looks at nothing but the type
  auto looked_at = !is<publish_line>(decoded) && !is<event_line>(decoded);
  if (error == event_error::not_json)
    fuzz::require(!json && (!looked_at || is(decoded, codec_error::not_json)), "refused as JSON, and is some", line);
  else
    fuzz::require(json, "refused for another reason than being no JSON", line);
  if (error == event_error::not_an_object)
    fuzz::require(is(decoded, codec_error::not_an_object), "one says object, the other not", line);
}

void check(outcome verdict, event_error error, std::string_view line) {
  auto decoded = decode(line);
  if (is(decoded, codec_error::not_json))
    fuzz::require(verdict == outcome::rejected, "no JSON, and taken for an event", line);
  switch (verdict) {
  case outcome::added:
    fuzz::require(is<publish_line>(decoded) || is(decoded, codec_error::missing_type),
                  "another frame is taken for an event", line);
    break;
  case outcome::other_type:
    fuzz::require(!is<publish_line>(decoded), "a publish frame is taken for another", line);
    break;
  case outcome::rejected:
    check_rejected(error, decoded, line);
  }
  // a parser of other makers as a witness: it refuses numbers and escapes that it cannot hold, but takes nothing wrong
  // (but for a byte order mark, and what stands behind a NUL)
  if (nlohmann::json::accept(line) && !is_bom(line) && line.find('\0') == line.npos)
    fuzz::require(is_json(line, line.size()), "another parser takes it, ours does not", line);
}

std::string text_of(const nlohmann::json& object, const char* key) {
  const auto i = object.find(key);
  return i != object.end() && i->is_string() ? i->get<std::string>() : "";
}

/// The names in a frame are those of the line, as the other parser reads both.
void check_names(const event_batch& batch, size_t i, const std::string& line) {
  const auto frame = nlohmann::json::parse(std::string{batch.head(i)} + "1}", nullptr, false);
  fuzz::require(frame.is_object(), "a head is no JSON", line);
  const auto id = nlohmann::json::parse('"' + std::string{batch.id(i)} + '"', nullptr, false);
  fuzz::require(id.is_string() && id.get<std::string>() == text_of(frame, "event_id"), "not the id of its frame", line);
  const auto read = nlohmann::json::parse(line, nullptr, false);
  if (!read.is_object())
    return; // a number that it cannot hold
  for (const auto* key : {"event_type", "event_id", "source_time", "app_id", "tenant_key"})
    fuzz::require(text_of(frame, key) == text_of(read, key), "another name than in the line", line);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::reader head{fuzz::text_of(data, size)};
  auto depth = head.byte() % 8;
  frame_splitter splitter{1 << 20};
  splitter.append(head.rest().data(), head.rest().size());
  event_encoder encoder{depth == 0 ? defaults::max_json_depth : static_cast<size_t>(depth) + 1};
  std::vector<std::string> taken;
  auto take = [&](std::string_view line) {
    auto before = encoder.size();
    auto verdict = encoder.add_line(line);
    fuzz::require(encoder.size() - before == (verdict == outcome::added ? 1 : 0), "what is not added is in the batch");
    check(verdict, encoder.error(), line);
    if (verdict == outcome::added)
      taken.emplace_back(line);
  };
  while (auto line = splitter.next())
    if (!line->empty())
      take(*line);
  if (auto line = splitter.rest(); line && !line->empty())
    take(*line);
  auto batch = encoder.finish();
  fuzz::require((batch ? batch->size() : 0) == taken.size(), "events are missing");
  for (size_t i = 0; i < taken.size(); ++i) {
    fuzz::require(taken[i].find(batch->payload(i)) != std::string::npos, "a payload is not verbatim", taken[i]);
    fuzz::require(is_json(batch->payload(i), batch->payload(i).size()), "a payload is no JSON", taken[i]);
    fuzz::require(!batch->type(i).empty(), "an event without a type", taken[i]);
    check_names(*batch, i, taken[i]);
  }
  return 0;
}
