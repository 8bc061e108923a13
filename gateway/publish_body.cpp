#include "gateway/publish_body.hpp"

#include "base/utf8.hpp"
#include "config/defaults.hpp"
#include "gateway/limits.hpp"
#include "io/client/publish_lines.hpp"
#include "messages/frame_splitter.hpp"
#include "messages/json_text.hpp"

namespace cafbus::http {

namespace {

void reject(publish_body& x, uint64_t number, std::string_view why) {
  if (++x.rejected > limits::lines_told)
    return;
  x.told += (x.told.empty() ? "" : ",") + std::string{R"({"line":)"} + std::to_string(number) + R"(,"error":)";
  append_quoted(x.told, is_utf8(why) ? why : "it is not UTF-8");
  x.told += '}';
}

} // namespace

publish_body read_publish_body(std::string_view body, const std::string& event_type) {
  publish_body x;
  publish_lines reader{event_type};
  frame_splitter splitter{defaults::max_frame_bytes};
  splitter.append(body.data(), body.size());
  uint64_t number = 0;
  auto take = [&](std::string_view line) {
    ++number;
    auto frame = reader.to_frame(line);
    if (!frame.empty())
      x.frames.emplace_back(frame);
    else if (!reader.error().empty())
      reject(x, number, reader.error());
  };
  do {
    while (auto line = splitter.next())
      take(*line);
    if (splitter.too_long())
      reject(x, ++number, "longer than " + std::to_string(defaults::max_frame_bytes) + " bytes");
  } while (splitter.skip_too_long());
  if (auto line = splitter.rest())
    take(*line);
  return x;
}

void add_number(std::string& out, std::string_view name, uint64_t value) {
  out += (out.empty() ? "{\"" : ",\"") + std::string{name} + "\":" + std::to_string(value);
}

std::string publish_report(const publish_ack& totals, const publish_body& body) {
  std::string text;
  add_number(text, "accepted", totals.accepted);
  add_number(text, "duplicates", totals.duplicates);
  add_number(text, "rejected", totals.rejected + body.rejected);
  if (totals.unmatched)
    add_number(text, "unmatched", *totals.unmatched);
  if (totals.consumers)
    add_number(text, "consumers", *totals.consumers);
  return text + ",\"rejected_lines\":[" + body.told + "]}\n";
}

} // namespace cafbus::http
