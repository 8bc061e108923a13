#include "actors/consumer_report.hpp"

namespace cafbus {

namespace {

/// What it has asked for its queue, and its filter; nothing if it is as usual.
void add_wishes(consumer_status& to, const consumer_info& info) {
  to.queue_capacity = info.queue_capacity;
  to.queue_bytes = info.queue_bytes;
  if (info.policy != queue_policy::drop_oldest)
    to.policy = info.policy;
  if (info.policy == queue_policy::block)
    to.block_ms = static_cast<uint64_t>(std::chrono::floor<std::chrono::milliseconds>(info.block_time).count());
  to.filter = info.filter;
  if (!info.filter.empty())
    to.on_filter_error = info.on_filter_error;
}

} // namespace

consumer_status report_on(const consumer_info& info, const conn_counters& x) {
  consumer_status result;
  result.pid = info.pid;
  result.event_key = info.event_key;
  result.subscription_id = info.subscription_id;
  result.received = x.received;
  result.dropped = x.dropped;
  result.delivered = x.delivered;
  result.queued = x.queued;
  result.queued_bytes = x.queued_bytes;
  result.event_types = info.event_types;
  result.patterns = info.patterns;
  result.group = info.group;
  result.stats = x.stats;
  add_wishes(result, info);
  return result;
}

} // namespace cafbus
