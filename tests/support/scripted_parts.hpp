#pragma once
#include "messages/actors.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <functional>

namespace cafbus {

/// What a source says and does, for a test to look at.
struct source_watch {
  std::function<published(const publish&)> on_publish = [](const publish&) { return published{}; };
  std::function<void(const source_status&)> on_status = [](const source_status&) {};
  std::function<void(const source_ended&)> on_ended = [](const source_ended&) {};
};

/// A hub for sources alone.
inline hub_actor::behavior_type watching_hub(hub_actor::pointer, std::shared_ptr<source_watch> watch) {
  return {[watch](const publish& x) { return watch->on_publish(x); },
          [](const drain&) { return drained{}; },
          [](const subscribe&) { return stream_list{}; },
          [](const unsubscribe&) {},
          [watch](const source_status& x) { watch->on_status(x); },
          [](const reconfigure&) {},
          [](const attach_link&) {},
          [](const read_interest&) { return node_interest{}; },
          [](const stream_news&) { return stream_news_taken{}; },
          [](const read_streams&) { return stream_list{}; },
          [](const number_events&) {},
          [](const list_consumers&) { return consumer_list{}; },
          [](const read_hub_status&) { return hub_status{}; },
          [](const block_over&) {}};
}

/// A bus for sources alone.
inline bus_actor::behavior_type watching_bus(bus_actor::pointer, std::shared_ptr<source_watch> watch) {
  return {[](const adopt&) {},
          [](const attach_listener&) {},
          [](const attach_source&) {},
          [](const attach_part&) {},
          [](const join&) { return joined{}; },
          [](const read_status&) { return status_response{}; },
          [](const stop_bus&) { return stop_verdict{}; },
          [watch](const source_ended& x) { watch->on_ended(x); },
          [](const reconfigure&) { return reconfigured{}; },
          [](const certificate_changed&) {},
          [](const member_stalled&) {},
          [](const idle_reached&) {},
          [](const stop_overdue&) {}};
}

} // namespace cafbus
