#include "actors/dead_letter.hpp"

#include "config/defaults.hpp"
#include "messages/event_encoder.hpp"
#include "messages/event_line.hpp"

#include <string>

namespace cafbus {

event_batch_ptr dead_letter(const event_range& x, std::string_view group, std::chrono::system_clock::time_point now) {
  constexpr size_t readable_behind = 64; // read_event_line
  if (x.batch->type(x.first).starts_with(dead_letter_prefix))
    return nullptr;
  std::string line;
  append_frames(line, x);
  const auto size = line.size();
  line.append(readable_behind, '\0');
  const auto parts = read_event_line({line.data(), size}, defaults::max_json_depth).parts;
  const auto type = std::string{dead_letter_prefix} + x.batch->type(x.first);
  auto id = std::string{dead_letter_prefix} + std::string{group} + '.' + std::string{parts.event_id.text};
  if (parts.event_id.text.empty() || id.size() > defaults::max_name_bytes)
    id.clear();                                          // never a duplicate
  const std::string source_time{parts.source_time.text}; // the encoder uses the memory of the parts again
  const std::string app{parts.app_id.text};
  const std::string tenant{parts.tenant_key.text};
  event_encoder encoder;
  encoder.arrived_at(now);
  if (encoder.add({type, id, source_time, app, tenant, x.batch->payload(x.first)}) != event_encoder::outcome::added)
    return nullptr;
  return encoder.finish();
}

} // namespace cafbus
