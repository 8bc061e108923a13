// What the gateway parses by itself: targets, headers, cursors, webhooks and bodies of /publish; and what becomes of
// events on their way to a stream. The input is a target, two headers and a body, a line each.
#include "base/utf8.hpp"
#include "gateway/event_stream.hpp"
#include "gateway/github.hpp"
#include "gateway/limits.hpp"
#include "gateway/publish_body.hpp"
#include "gateway/request.hpp"
#include "messages/replay.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

using namespace cafbus;
using namespace cafbus::http;

namespace {

std::string_view cut_line(std::string_view& rest) {
  auto end = std::min(rest.find('\n'), rest.size());
  auto line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

/// What a stream is said to begin with is what the bus takes.
void check_start(std::string_view target, std::string_view last_event_id) {
  auto x = parse_start({"GET", std::string{target}, {{"last-event-id", std::string{last_event_id}}}, {}, false});
  if (!x)
    return fuzz::require(!x.error().text.empty(), "refused without a reason");
  fuzz::require(!x->past || (!x->unknown_cursor && check_replay(*x->past)), "a wish that the bus refuses");
}

void check_names(std::string_view target) {
  auto wanted = parse_types(parameter(target, "types").value_or(std::string{target}));
  if (!wanted)
    return fuzz::require(!wanted.error().text.empty(), "refused without a reason");
  auto count = wanted->types.size() + wanted->patterns.size();
  fuzz::require(count > 0 && count <= limits::max_types, "more names than there may be, or none");
  for (const auto* names : {&wanted->types, &wanted->patterns})
    for (const auto& x : *names)
      fuzz::require(!x.empty() && is_utf8(x), "a name that is none", x);
}

/// Nobody but localhost and addresses may be asked for; pages must be of the same host.
void check_refusal(std::string_view target, std::string_view host, std::string_view origin) {
  request x{"GET", std::string{target}, {{"host", std::string{host}}, {"origin", std::string{origin}}}, {}, false};
  if (refusal(x, {}) || x.path() == "/healthz" || x.path() == "/")
    return;
  fuzz::require(origin.empty() || origin.size() > host.size(), "an origin that is not of this host", origin);
  fuzz::require(host.find("evil") == host.npos, "a foreign host", host);
}

/// A header cannot say more than it is meant to, a body no more than its payload.
void check_webhook(std::string_view event, std::string_view delivery, std::string_view body) {
  auto x = to_event(event, delivery, body);
  if (!x)
    return fuzz::require(!x.error().text.empty(), "refused without a reason");
  fuzz::require(x->line.find('\n') == x->line.npos, "more than one line", x->line);
  publish_body lines{x->line, ""};
  const std::string sent{lines.frame()};
  lines.advance();
  fuzz::require(lines.frame().empty() && sent.empty() == (lines.rejected() == 1), "not one line", x->line);
  if (sent.empty())
    return;
  auto frame = nlohmann::json::parse(sent, nullptr, false);
  fuzz::require(frame.value("event_type", "") == x->type, "another type", sent);
  fuzz::require(frame.value("event_id", "") == delivery, "another id", sent);
  fuzz::require(frame.size() == (delivery.empty() ? 3u : 4u), "more fields than there should be", sent);
  auto root = nlohmann::json::parse(body, nullptr, false);
  fuzz::require(root.is_discarded() || frame["payload"] == root, "another payload", sent);
}

void check_body(std::string_view body) {
  for (const auto* type : {"", "k"}) {
    publish_body x{body, type};
    uint64_t events = 0;
    for (; !x.frame().empty(); x.advance())
      ++events;
    auto lines = static_cast<uint64_t>(std::ranges::count(body, '\n')) + 1;
    fuzz::require(events + x.rejected() <= lines, "more events than lines");
    auto report = nlohmann::json::parse(publish_report({}, x), nullptr, false);
    fuzz::require(report.is_object() && report["rejected"] == x.rejected(), "a report that is no JSON");
  }
}

void check_event(std::string_view cursor, std::string_view line) {
  auto text = event_item(cursor, line)->text;
  auto lines = text.starts_with("id: ") ? 3 : 2;
  fuzz::require(text.find('\r') == text.npos && std::ranges::count(text, '\n') == lines, "a stream that is cut", text);
}

uint64_t number_behind(std::string_view text, std::string_view mark) {
  uint64_t sum = 0;
  for (auto at = text.find(mark); at != text.npos; at = text.find(mark, at + 1))
    sum += std::strtoull(text.data() + at + mark.size(), nullptr, 10);
  return sum;
}

/// What is pushed is sent, or told as lost or left out.
void check_queue(fuzz::reader input) {
  stream_queue queue{input.byte()};
  stream_queue::time_point now{};
  uint64_t pushed = 0, told = 0;
  auto take = [&](size_t size) {
    auto text = queue.take(size);
    for (auto at = text.find("id:"); at != text.npos; at = text.find("id:", at + 1))
      ++told;
    told += number_behind(text, R"("missed":)") + number_behind(text, R"("left_out":)");
  };
  for (size_t i = 0; i < 64; ++i) {
    auto step = input.byte();
    now += std::chrono::milliseconds{step};
    if (step % 8 == 0) {
      take(step);
    } else if (step % 8 == 1) {
      queue.push(gap_item(step, "gateway_too_slow"), now);
      pushed += step;
    } else {
      for (int n = 0; n < step; ++n, ++pushed)
        queue.push(event_item("1-1", "{}"), now);
    }
  }
  queue.push(comment_item(), now); // with which the rest is told
  while (!queue.empty())
    take(100);
  fuzz::require(pushed == told, "events are lost and not told");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto rest = fuzz::text_of(data, size);
  check_queue(fuzz::reader{rest});
  auto target = cut_line(rest);
  auto first = cut_line(rest);
  auto second = cut_line(rest);
  check_start(target, first);
  check_names(target);
  check_refusal(target, first, second);
  check_webhook(first, second, rest);
  check_body(rest);
  check_event(second, first);
  return 0;
}
