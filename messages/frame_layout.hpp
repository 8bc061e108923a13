#pragma once
#include "messages/frames.hpp"

#include <string_view>

namespace cafbus {

/// The fields of each frame in their order on the wire, for reading and writing alike: `visit` calls `f(key, member)`
/// for a field that is always written and `f.maybe(key, member)` for one that is left out when empty.
template <class T>
struct layout;

template <>
struct layout<hello> {
  static constexpr std::string_view type = "hello";
  static void visit(auto& f, auto& x) {
    f("pid", x.pid);
    f("event_key", x.event_key);
    f("event_types", x.event_types);
    f.maybe("patterns", x.patterns);
    f("version", x.version);
    f.maybe("subscription_id", x.subscription_id);
    f.maybe("capabilities", x.capabilities);
    f.maybe("exclusive", x.exclusive);
    f.maybe("on_first", x.on_first);
    f.maybe("on_last", x.on_last);
    f.maybe("hook_env", x.hook_env);
    f.maybe("hook_dir", x.hook_dir);
    f.maybe("hook_umask", x.hook_umask);
    f.maybe("policy", x.policy);
    f.maybe("queue_capacity", x.queue_capacity);
    f.maybe("queue_bytes", x.queue_bytes);
    f.maybe("block_ms", x.block_ms);
    f.maybe("filter", x.filter);
    f.maybe("on_filter_error", x.on_filter_error);
    f.maybe("replay", x.replay);
    f.maybe("group", x.group);
    f.maybe("ack", x.ack);
    f.maybe("max_in_flight", x.max_in_flight);
    f.maybe("max_attempts", x.max_attempts);
  }
};

template <>
struct layout<replay_wish> {
  static void visit(auto& f, auto& x) {
    f.maybe("last", x.last);
    f.maybe("since", x.since);
    f.maybe("latest", x.latest);
    f.maybe("cursor", x.cursor);
  }
};

template <>
struct layout<filter_condition> {
  static constexpr std::string_view may_be_null = "value"; ///< A field in which null is a value like others.
  static void visit(auto& f, auto& x) {
    f("pointer", x.pointer);
    f("op", x.op);
    f.maybe("value", x.value);
  }
};

template <>
struct layout<hello_ack> {
  static constexpr std::string_view type = "hello_ack";
  static void visit(auto& f, auto& x) {
    f("bus_version", x.bus_version);
    f("first_for_key", x.first_for_key);
    f.maybe("rejected", x.rejected);
    f.maybe("reject_reason", x.reject_reason);
    f.maybe("reject_code", x.reject_code);
    f.maybe("capabilities", x.capabilities);
  }
};

template <>
struct layout<subscribe_frame> {
  static constexpr std::string_view type = "subscribe";
  static void visit(auto& f, auto& x) {
    f.maybe("event_types", x.event_types);
    f.maybe("patterns", x.patterns);
  }
};

template <>
struct layout<unsubscribe_frame> {
  static constexpr std::string_view type = "unsubscribe";
  static void visit(auto& f, auto& x) {
    f.maybe("event_types", x.event_types);
    f.maybe("patterns", x.patterns);
  }
};

template <>
struct layout<subscribed_frame> {
  static constexpr std::string_view type = "subscribed";
  static void visit(auto& f, auto& x) {
    f.maybe("event_types", x.event_types);
    f.maybe("patterns", x.patterns);
  }
};

template <>
struct layout<ack_frame> {
  static constexpr std::string_view type = "ack";
  static void visit(auto& f, auto& x) { f("seq", x.seq); }
};

template <>
struct layout<nack_frame> {
  static constexpr std::string_view type = "nack";
  static void visit(auto& f, auto& x) {
    f("seq", x.seq);
    f.maybe("delay_ms", x.delay_ms);
  }
};

template <>
struct layout<consumer_stats> {
  static constexpr std::string_view type = "stats";
  static void visit(auto& f, auto& x) {
    f("handled", x.handled);
    f("failed", x.failed);
    f("lost", x.lost);
  }
};

template <>
struct layout<bye> {
  static constexpr std::string_view type = "bye";
  static void visit(auto& f, auto& x) { f.maybe("reason", x.reason); }
};

template <>
struct layout<pre_shutdown_check> {
  static constexpr std::string_view type = "pre_shutdown_check";
  static void visit(auto& f, auto& x) {
    f("event_key", x.event_key);
    f.maybe("subscription_id", x.subscription_id);
  }
};

template <>
struct layout<pre_shutdown_ack> {
  static constexpr std::string_view type = "pre_shutdown_ack";
  static void visit(auto& f, auto& x) { f("last_for_key", x.last_for_key); }
};

template <>
struct layout<status_query> {
  static constexpr std::string_view type = "status_query";
  static void visit(auto&, auto&) {}
};

template <>
struct layout<shutdown> {
  static constexpr std::string_view type = "shutdown";
  static void visit(auto& f, auto& x) {
    f.maybe("force", x.force);
    f.maybe("drain_ms", x.drain_ms);
  }
};

template <>
struct layout<reload_request> {
  static constexpr std::string_view type = "reload";
  static void visit(auto&, auto&) {}
};

template <>
struct layout<option_change> {
  static void visit(auto& f, auto& x) {
    f("option", x.option);
    f("from", x.from);
    f("to", x.to);
  }
};

template <>
struct layout<reload_result> {
  static constexpr std::string_view type = "reload_result";
  static void visit(auto& f, auto& x) {
    f.maybe("file", x.file);
    f("changed", x.changed);
    f("need_restart", x.need_restart);
    f.maybe("error", x.error);
    f.maybe("warnings", x.warnings);
  }
};

template <>
struct layout<source_status> {
  static constexpr std::string_view type = "source_status";
  static void visit(auto& f, auto& x) {
    f("source", x.source);
    f("state", x.state);
    f.maybe("detail", x.detail);
  }
};

template <>
struct layout<gap_frame> {
  static constexpr std::string_view type = "gap";
  static void visit(auto& f, auto& x) {
    f("from_seq", x.from_seq);
    f("to_seq", x.to_seq);
    f("count", x.count);
    f("reason", x.reason);
  }
};

template <>
struct layout<wait_for_room> {
  static constexpr std::string_view type = "wait_for_room";
  static void visit(auto& f, auto& x) { f("wait_ms", x.wait_ms); }
};

template <>
struct layout<publish_ack> {
  static constexpr std::string_view type = "publish_ack";
  static void visit(auto& f, auto& x) {
    f("accepted", x.accepted);
    f("duplicates", x.duplicates);
    f("rejected", x.rejected);
    f.maybe("unmatched", x.unmatched);
    f.maybe("consumers", x.consumers);
  }
};

template <>
struct layout<error_frame> {
  static constexpr std::string_view type = "error";
  static void visit(auto& f, auto& x) {
    f("code", x.code);
    f("message", x.message);
  }
};

template <>
struct layout<status_response> {
  static constexpr std::string_view type = "status_response";
  static void visit(auto& f, auto& x) {
    f("pid", x.pid);
    f("uptime_sec", x.uptime_sec);
    f("active_conns", x.active_conns);
    f("consumers", x.consumers);
    f("version", x.version);
    f("app", x.app);
    f("state", x.state);
    f("socket", x.socket);
    f.maybe("last_event_at", x.last_event_at);
    f("counters", x.counters);
    f("unmatched_types", x.unmatched_types);
    f("sources", x.sources);
    f.maybe("links", x.links);
    f.maybe("groups", x.groups);
    f.maybe("certificate_expires", x.certificate_expires);
    f.maybe("limits", x.limits);
  }
};

template <>
struct layout<consumer_status> {
  static void visit(auto& f, auto& x) {
    f("pid", x.pid);
    f("event_key", x.event_key);
    f("subscription_id", x.subscription_id);
    f("received", x.received);
    f("dropped", x.dropped);
    f("delivered", x.delivered);
    f("queued", x.queued);
    f("queued_bytes", x.queued_bytes);
    f("event_types", x.event_types);
    f.maybe("patterns", x.patterns);
    f.maybe("policy", x.policy);
    f.maybe("queue_capacity", x.queue_capacity);
    f.maybe("queue_bytes", x.queue_bytes);
    f.maybe("block_ms", x.block_ms);
    f.maybe("blocks", x.blocks);
    f.maybe("filter", x.filter);
    f.maybe("on_filter_error", x.on_filter_error);
    f.maybe("filtered", x.filtered);
    f.maybe("filter_errors", x.filter_errors);
    f.maybe("group", x.group);
    f.maybe("in_flight", x.in_flight);
    f.maybe("stats", x.stats);
  }
};

template <>
struct layout<bus_counters> {
  static void visit(auto& f, auto& x) {
    f("ingress", x.ingress);
    f("duplicates", x.duplicates);
    f("unmatched", x.unmatched);
    f("matched", x.matched);
    f("rejected", x.rejected);
  }
};

template <>
struct layout<unmatched_type> {
  static void visit(auto& f, auto& x) {
    f("event_type", x.event_type);
    f("count", x.count);
  }
};

template <>
struct layout<link_report> {
  static void visit(auto& f, auto& x) {
    f("peer", x.peer);
    f("direction", x.direction);
    f("state", x.state);
    f.maybe("node", x.node);
    f("types", x.types);
    f("received", x.received);
    f("dropped", x.dropped);
    f("missed", x.missed);
    f("queued", x.queued);
    f.maybe("detail", x.detail);
  }
};

template <>
struct layout<group_status> {
  static void visit(auto& f, auto& x) {
    f("name", x.name);
    f("members", x.members);
    f("ack", x.ack);
    f("received", x.received);
    f("waiting", x.waiting);
    f("in_flight", x.in_flight);
    f("done", x.done);
    f("redelivered", x.redelivered);
    f("dead", x.dead);
    f("lost", x.lost);
    f.maybe("ignored", x.ignored);
  }
};

template <>
struct layout<source_report> {
  static void visit(auto& f, auto& x) {
    f("source", x.source);
    f("state", x.state);
    f.maybe("detail", x.detail);
    f("since", x.since);
  }
};

template <>
struct layout<load_and_limits> {
  static void visit(auto& f, auto& x) {
    auto& [load, limits] = x;
    f("connections", load.connections);
    f("max_connections", limits.max_connections);
    f("half_open", load.half_open);
    f("max_half_open", limits.max_half_open);
    f("refused", load.refused);
    f("paused", load.paused);
    f("queued_bytes", load.queued_bytes);
    f("max_queued_bytes", limits.max_queued_bytes);
    f("queue_capacity", limits.queue_capacity);
    f("queue_bytes", limits.queue_bytes);
    f("max_event_types", limits.max_event_types);
    f("max_key_bytes", limits.max_key_bytes);
    f("max_json_depth", limits.max_json_depth);
    f("log_lines", limits.log_lines);
    f("idle_timeout_ms", limits.idle_timeout);
    f("drain_ms", limits.drain_timeout);
    f("write_timeout_ms", limits.write_timeout);
    f("hello_timeout_ms", limits.hello_timeout);
    f("dedup_ttl_ms", limits.dedup_ttl);
    f("cleanup_wait_ms", limits.cleanup_wait);
    f("cleanup_lease_ms", limits.cleanup_lease);
    f("hook_timeout_ms", limits.hook_timeout);
    f("hooks", load.hooks);
    f("waiting_hooks", load.waiting_hooks);
    f("max_hooks", limits.max_hooks);
    f("history_events", limits.history_events);
    f("history_bytes", limits.history_bytes);
    f("history_age_ms", limits.history_age);
  }
};

} // namespace cafbus
