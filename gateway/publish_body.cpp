#include "gateway/publish_body.hpp"

#include "base/utf8.hpp"
#include "config/defaults.hpp"
#include "gateway/limits.hpp"
#include "messages/json_text.hpp"

namespace cafbus::http {

publish_body::publish_body(std::string_view body, const std::string& event_type)
  : reader_(event_type), splitter_(defaults::max_frame_bytes) {
  splitter_.append(body.data(), body.size());
  advance();
}

void publish_body::advance() {
  frame_ = {};
  while (frame_.empty()) {
    if (auto line = splitter_.next()) {
      take(*line);
    } else if (splitter_.skip_too_long()) {
      ++number_;
      reject("longer than " + std::to_string(defaults::max_frame_bytes) + " bytes");
    } else if (auto last = splitter_.rest()) {
      take(*last);
    } else {
      return;
    }
  }
}

void publish_body::take(std::string_view line) {
  ++number_;
  frame_ = reader_.to_frame(line);
  if (frame_.empty() && !reader_.error().empty())
    reject(reader_.error());
}

void publish_body::reject(std::string_view why) {
  if (++rejected_ > limits::lines_told)
    return;
  told_ += (told_.empty() ? "" : ",") + std::string{R"({"line":)"} + std::to_string(number_) + R"(,"error":)";
  append_quoted(told_, is_utf8(why) ? why : "it is not UTF-8");
  told_ += '}';
}

void add_number(std::string& out, std::string_view name, uint64_t value) {
  out += (out.empty() ? "{\"" : ",\"") + std::string{name} + "\":" + std::to_string(value);
}

std::string publish_report(const publish_ack& totals, const publish_body& body) {
  std::string text;
  add_number(text, "accepted", totals.accepted);
  add_number(text, "duplicates", totals.duplicates);
  add_number(text, "rejected", totals.rejected + body.rejected());
  if (totals.unmatched)
    add_number(text, "unmatched", *totals.unmatched);
  if (totals.consumers)
    add_number(text, "consumers", *totals.consumers);
  return text + ",\"rejected_lines\":[" + body.told() + "]}\n";
}

} // namespace cafbus::http
