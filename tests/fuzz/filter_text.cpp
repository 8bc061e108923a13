// A filter as somebody types it: it is refused with a short reason, or it keeps its limits, is written as it was read,
// and travels in a hello unchanged.
#include "messages/filter_text.hpp"
#include "config/defaults.hpp"
#include "messages/frame_codec.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace cafbus;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto text = fuzz::text_of(data, size);
  const auto parsed = parse_filter(text);
  if (!parsed) {
    fuzz::require(parsed.error().text.size() < 1'024, "a long complaint", parsed.error().text);
    return 0;
  }
  fuzz::require(!parsed->empty(), "a filter without conditions", text);
  const auto checked = check_filter(*parsed);
  fuzz::require(static_cast<bool>(checked), "what was read cannot be used", text);
  const auto written = to_text(*parsed);
  if (written.size() <= defaults::max_filter_text_bytes) {
    const auto again = parse_filter(written);
    fuzz::require(again && *again == *parsed, "what is written is read as something else", written);
  }
  hello greeting;
  greeting.event_key = "k";
  greeting.filter = *parsed;
  const auto frames = decode(encode(greeting));
  const auto* x = std::get_if<frame>(&frames);
  const auto* travelled = x ? std::get_if<hello>(x) : nullptr;
  fuzz::require(travelled && travelled->filter == *parsed, "a hello changes a filter", text);
  return 0;
}
