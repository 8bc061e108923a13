#include "actors/hub_log.hpp"

#include "config/log.hpp"
#include "config/log_limit.hpp"

#include <spdlog/logger.h>

namespace cafbus {

namespace {

log::shared_limit source_limit{log::usual_lines_per_second}; // of all hubs, as there is one log
log::shared_limit block_limit{log::usual_lines_per_second};

} // namespace

void log_received(const event_batch& batch) {
  if (!log::hub().should_log(spdlog::level::debug))
    return;
  for (size_t i = 0; i < batch.size(); ++i)
    log::hub().debug("event-received type={} id={}", log::quoted(batch.type(i)), log::quoted(batch.id(i)));
}

void log_source(const source_status& x, std::chrono::steady_clock::time_point now) {
  if (auto times = source_limit.pass(now))
    log::hub().info("source-status source={} state={} detail={} times={}", log::quoted(x.source), to_string(x.state),
                    log::quoted(x.detail), *times);
}

void log_block_over(const consumer_info& x, size_t publishers, std::chrono::steady_clock::time_point now) {
  if (auto times = block_limit.pass(now))
    log::hub().warn("block-over pid={} key={} publishers={} times={}", x.pid, log::quoted(x.event_key), publishers,
                    *times);
}

} // namespace cafbus
