#include "bench/real_events.hpp"

#include "bench/peer.hpp"
#include "bench/process.hpp"
#include "config/defaults.hpp"
#include "messages/event_encoder.hpp"
#include "messages/frame_splitter.hpp"

#include <fmt/core.h>
#include <set>

namespace cafbus::bench {

std::vector<std::string> real_events::distinct_types() const {
  std::set<std::string> distinct{types.begin(), types.end()};
  return {distinct.begin(), distinct.end()};
}

double real_events::mean_payload() const {
  double sum = 0;
  for (const auto& x : payloads)
    sum += static_cast<double>(x.size());
  return sum / static_cast<double>(payloads.size());
}

uint64_t real_events::window(uint64_t bytes, size_t envelope) const {
  auto n = payloads.size();
  auto size = [&](uint64_t i) { return payloads[i % n].size() + envelope; };
  auto result = UINT64_MAX;
  uint64_t end = 0; // of the row that begins at i
  uint64_t held = 0;
  for (uint64_t i = 0; i < n; held -= size(i), ++i) {
    while (held + size(end) <= bytes)
      held += size(end++);
    if (end == i)
      return 1; // the queue always keeps one
    result = std::min(result, end - i);
  }
  return result;
}

real_events load_events(const std::string& path) {
  frame_splitter lines{defaults::max_frame_bytes};
  auto text = read_file(path);
  lines.append(text.data(), text.size());
  event_encoder encoder;
  real_events result;
  while (auto line = lines.next()) {
    if (encoder.add_line(*line) != event_encoder::outcome::added)
      throw bench_error{fmt::format("{}:{} is no event", path, result.payloads.size() + 1)};
    auto batch = encoder.finish();
    result.types.push_back(batch->type(0));
    result.payloads.emplace_back(batch->payload(0));
  }
  if (result.payloads.empty())
    throw bench_error{"there are no events in " + path};
  return result;
}

} // namespace cafbus::bench
