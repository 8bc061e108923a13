#include "actors/event_log.hpp"

#include "config/log.hpp"

#include <spdlog/logger.h>

namespace cafbus {

void log_received(const event_batch& batch) {
  if (!log::hub().should_log(spdlog::level::debug))
    return;
  for (size_t i = 0; i < batch.size(); ++i)
    log::hub().debug("event-received type={} id={}", log::quoted(batch.type(i)), log::quoted(batch.id(i)));
}

} // namespace cafbus
