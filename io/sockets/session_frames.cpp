// What a session makes of the frames that come in: the first one decides what the connection is for.

#include "actors/conn.hpp"
#include "actors/group.hpp"
#include "actors/mailbox_bounds.hpp"
#include "config/log.hpp"
#include "io/sockets/hello_checks.hpp"
#include "io/sockets/session.hpp"

#include <algorithm>
#include <caf/send.hpp>
#include <cerrno>
#include <memory>
#include <spdlog/logger.h>

namespace cafbus {

namespace {

using namespace std::chrono_literals;

/// Longest wait for the bus to describe itself.
constexpr auto status_timeout = 5s;

std::string limit_reached(const session_context& x) {
  return "the bus has " + std::to_string(x.limit->most) +
         " consumers and producers and takes no more (option max-connections); try again when one has left";
}

/// Where bytes go that a socket had, with what a parser may read behind them. One per thread, not one per session: a
/// thousand producers must not keep a thousand buffers.
char* receive_buffer() {
  constexpr size_t readable_behind = 64; // frame_splitter
  thread_local const auto buffer = std::make_unique_for_overwrite<char[]>(defaults::read_bytes + readable_behind);
  return buffer.get();
}

/// How long an event is not to be given out again.
std::chrono::nanoseconds delay_of(uint64_t ms) {
  constexpr uint64_t most = std::chrono::milliseconds{defaults::max_nack_delay}.count();
  return std::chrono::milliseconds{std::min(ms, most)};
}

/// The drain time that a shutdown asks for, at most a day, so that no timer overflows.
std::chrono::nanoseconds drain_limit(int64_t ms) {
  return std::chrono::milliseconds{std::clamp<int64_t>(ms, 0, 86'400'000)};
}

} // namespace

// -- in: first frame -----------------------------------------------------------------------------------------------

/// The socket is readable.
void session_state::on_data(const caf::io::new_data_msg& x) {
  const auto is_publishing = phase == session_phase::publishing || phase == session_phase::publishing_last;
  if (is_publishing || (!reads_lines() && splitter.pending() >= defaults::quiet_read_bytes)) {
    self->halt(x.handle); // the socket slows the peer down
    return;
  }
  const auto bytes = receive(encoder ? defaults::read_bytes : defaults::quiet_read_bytes);
  if (bytes.empty())
    return;
  splitter.lend(bytes);
  if (encoder) {
    encoder->arrived_at(time_of_day(context->options.wall_clock));
    encoder->reserve(splitter.whole_lines());
  }
  process();
  splitter.keep_lent();
}

/// @returns what has come, at most `size` bytes, valid until the next call on this thread; empty if nothing has, which
/// may be because the connection has ended.
std::string_view session_state::receive(size_t size) {
  auto* buffer = receive_buffer();
  const auto n = context->calls->receive(static_cast<int>(output->handle().id()), {buffer, size});
  if (n > 0)
    return {buffer, static_cast<size_t>(n)};
  if (n == 0 || (errno != EAGAIN && errno != EINTR))
    on_closed({output->handle()});
  return {};
}

bool session_state::reads_lines() const noexcept {
  return phase == session_phase::first_frame || phase == session_phase::consuming || phase == session_phase::draining ||
         phase == session_phase::producing;
}

void session_state::process() {
  while (reads_lines() && !batch_is_full()) {
    auto line = splitter.next();
    if (!line)
      break;
    on_line(*line);
  }
  if (splitter.too_long() && phase != session_phase::closing)
    fail(close_reason::frame_too_large,
         "a frame is longer than " + std::to_string(defaults::max_frame_bytes) + " bytes");
  else if (phase == session_phase::producing)
    publish_batch(session_phase::publishing);
}

void session_state::on_line(std::string_view line) {
  switch (phase) {
  case session_phase::first_frame:
    on_first_frame(line);
    break;
  case session_phase::consuming:
  case session_phase::draining:
    on_consumer_frame(line);
    break;
  default:
    on_producer_line(line);
  }
}

void session_state::on_first_frame(std::string_view line) {
  auto decoded = decode(line);
  if (auto* error = std::get_if<codec_error>(&decoded)) {
    fail(close_reason::bad_first_frame, std::string{"the first frame cannot be read: "} + to_string(*error));
    return;
  }
  auto& x = std::get<frame>(decoded);
  if (auto* greeting = std::get_if<hello>(&x)) {
    on_hello(std::move(*greeting));
  } else if (std::holds_alternative<status_query>(x)) {
    on_status_query();
  } else if (auto* request = std::get_if<shutdown>(&x)) {
    on_shutdown(*request);
  } else if (std::holds_alternative<reload_request>(x)) {
    on_reload_request();
  } else if (std::holds_alternative<publish_line>(x)) {
    if (!admit()) {
      fail(close_reason::too_many_connections, limit_reached(*context));
      return;
    }
    phase = session_phase::producing;
    established(false);
    encoder.emplace(context->options.max_json_depth);
    encoder->arrived_at(time_of_day(context->options.wall_clock));
    on_producer_line(line);
  } else {
    fail(close_reason::bad_first_frame, "the first frame must be hello, publish, status_query, reload or shutdown");
  }
}

bool session_state::admit() {
  admitted = admission::of(context->limit);
  return static_cast<bool>(admitted);
}

void session_state::on_hello(hello x) {
  if (auto checked = check_hello(x, context->options); !checked) {
    reject(reject_code::bad_hello, checked.error().text);
    return;
  }
  auto wanted = context->filters->find_or_add(x.filter);
  if (!wanted) {
    reject(reject_code::too_many_filters, wanted.error().text);
    return;
  }
  if (!admit()) {
    reject(reject_code::too_many_connections, limit_reached(*context));
    return;
  }
  filter = std::move(*wanted);
  info = info_of(x);
  limit_wishes(info, context->options);
  if (auto checked = check_group(info); !checked) {
    reject(reject_code::bad_hello, checked.error().text);
    return;
  }
  phase = session_phase::entering;
  established(false);
  self->request(context->lock, caf::infinite,
                enter{info.subscription_id,
                      me(),
                      {std::move(x.on_first), std::move(x.on_last), std::move(x.hook_env), std::move(x.hook_dir),
                       x.hook_umask},
                      x.exclusive,
                      x.pid})
      .then([this](const entered& y) { on_entered(y); },
            [this](const caf::error&) { end(close_reason::internal_error); });
}

void session_state::on_entered(const entered& x) {
  if (phase != session_phase::entering)
    return;
  if (!x.admitted) {
    reject(x.code, x.reason);
    return;
  }
  if (!info.group.empty()) {
    self->request(context->groups, caf::infinite, enter_group{session_actor{self}, info, filter})
        .then([this, first = x.first](const group_entered& y) { on_group_entered(y, first); },
              [this](const caf::error&) { end(close_reason::internal_error); });
    return;
  }
  conn = spawn_conn(self->system(), bounds_of(context->options, context->budget), info, session_actor{self});
  self->monitor(conn);
  // first the hub, then the ack: a client that has the ack misses no event that is published from then on, and no event
  // overtakes the ack, since deliveries come as messages
  caf::anon_send(context->hub, subscribe{conn, info, {}, filter}); // its answer is for links
  begin_consuming(x.first);
}

/// What the group delivers comes behind this answer.
void session_state::on_group_entered(const group_entered& x, bool first) {
  if (phase != session_phase::entering)
    return;
  if (!x.admitted) {
    reject(reject_code::group_differs, x.reason);
    return;
  }
  group = x.group;
  self->monitor(group);
  begin_consuming(first);
}

void session_state::begin_consuming(bool first) {
  phase = session_phase::consuming;
  hello_ack ack;
  ack.first_for_key = first;
  ack.capabilities.assign(capability::all.begin(), capability::all.end());
  write(encode(ack));
  if (auto times = context->limit->joined_log.pass(self->clock().now()))
    log::session().info("consumer-joined pid={} key={} subscription={} types={} first={} times={}", info.pid,
                        log::quoted(info.event_key), log::quoted(info.subscription_id),
                        info.event_types.size() + info.patterns.size(), first, *times);
  self->trigger(output->handle()); // no effect unless it is halted
  process();                       // what was sent behind the hello
}

void session_state::reject(reject_code code, const std::string& why) {
  hello_ack ack;
  ack.rejected = true;
  ack.reject_reason = why;
  ack.reject_code = code;
  write(encode(ack));
  if (auto times = context->limit->refusal_log.pass(self->clock().now()))
    log::session().warn("hello-rejected pid={} reason={} times={}", peer->pid, log::quoted(why), *times);
  finish(close_reason::rejected);
}

void session_state::on_status_query() {
  phase = session_phase::answering;
  established(true);
  self->request(context->bus, status_timeout, read_status{})
      .then(
          [this](const status_response& x) {
            write(encode(x));
            finish(close_reason::answered);
          },
          [this](const caf::error&) { fail(close_reason::internal_error, "the bus does not answer"); });
}

void session_state::on_shutdown(const shutdown& x) {
  phase = session_phase::answering; // accepted: the connection ends with the bus, which is the answer
  established(true);
  self->request(
          context->bus, caf::infinite,
          stop_bus{"requested by pid " + std::to_string(peer->pid), x.force.value_or(true), drain_limit(x.drain_ms)})
      .then(
          [this](const stop_verdict& verdict) {
            if (verdict.accepted)
              return;
            write(encode(error_frame{error_code::consumers_connected, verdict.message}));
            finish(close_reason::answered);
          },
          [this](const caf::error&) { fail(close_reason::internal_error, "the bus does not answer"); });
}

void session_state::on_reload_request() {
  phase = session_phase::answering;
  established(true);
  reload_result none;
  none.error = "this bus has no configuration to read again: it is a part of another program";
  if (!context->options.on_reload)
    on_reload_result(none);
  else
    context->options.on_reload([me = session_actor{self}](const reload_result& x) { caf::anon_send(me, x); });
}

void session_state::on_reload_result(const reload_result& x) {
  if (phase != session_phase::answering)
    return;
  write(encode(x));
  finish(close_reason::answered);
}

// -- in: consumers -------------------------------------------------------------------------------------------------

void session_state::on_consumer_frame(std::string_view line) {
  if (line.empty())
    return;
  auto decoded = decode(line);
  if (std::holds_alternative<codec_error>(decoded)) {
    ++skipped;
    return;
  }
  auto& x = std::get<frame>(decoded);
  if (std::holds_alternative<bye>(x)) {
    end(close_reason::peer_said_bye);
  } else if (auto* check = std::get_if<pre_shutdown_check>(&x)) {
    on_pre_shutdown_check(*check);
  } else if (auto* more = std::get_if<subscribe_frame>(&x)) {
    on_subscribe(*more);
  } else if (auto* less = std::get_if<unsubscribe_frame>(&x)) {
    on_unsubscribe(*less);
  } else if (auto* done = std::get_if<ack_frame>(&x)) {
    on_ack(*done);
  } else if (auto* not_done = std::get_if<nack_frame>(&x)) {
    on_nack(*not_done);
  } else if (auto* stats = std::get_if<consumer_stats>(&x)) {
    on_stats(*stats);
  } else if (std::holds_alternative<hello>(x)) {
    unexpected("hello");
  } else if (std::holds_alternative<publish_line>(x)) {
    unexpected("publish"); // a consumer that believes it has published must not be left in that belief
  }
}

void session_state::on_subscribe(const subscribe_frame& x) {
  auto wanted = info;
  wanted.event_types = names_with(info.event_types, x.event_types);
  wanted.patterns = names_with(info.patterns, x.patterns);
  change_to(std::move(wanted));
}

void session_state::on_unsubscribe(const unsubscribe_frame& x) {
  auto wanted = info;
  wanted.event_types = names_without(info.event_types, x.event_types);
  wanted.patterns = names_without(info.patterns, x.patterns);
  change_to(std::move(wanted));
}

void session_state::on_ack(const ack_frame& x) {
  if (group && info.ack)
    self->send(group, confirm_event{self->id(), x.seq});
  else
    unexpected("ack");
}

void session_state::on_nack(const nack_frame& x) {
  if (group && info.ack)
    self->send(group, return_event{self->id(), x.seq, delay_of(x.delay_ms)});
  else
    unexpected("nack");
}

void session_state::on_stats(const consumer_stats& x) {
  if (group)
    self->send(group, member_stats{self->id(), x});
  else
    self->send(conn, x);
}

/// Sequence, counters and what is queued stay.
void session_state::change_to(consumer_info wanted) {
  auto checked = check_names(wanted.event_types, wanted.patterns, context->options);
  if (wanted.event_types.empty() && wanted.patterns.empty())
    checked = failure{failure_kind::invalid, "the subscription would be empty; leave with bye instead"};
  if (group)
    checked = failure{failure_kind::invalid, "a member of a group cannot change its subscription"};
  if (!checked) {
    write(encode(error_frame{error_code::bad_subscription, checked.error().text}));
    return;
  }
  info = std::move(wanted);
  caf::anon_send(context->hub, subscribe{conn, info}); // its answer is for links
  write(encode(subscribed_frame{info.event_types, info.patterns}));
}

void session_state::on_pre_shutdown_check(const pre_shutdown_check& x) {
  const auto& id = x.subscription_id.empty() ? x.event_key : x.subscription_id;
  if (!id.empty() && id != info.subscription_id) {
    write(encode(pre_shutdown_ack{false})); // a consumer may lock only its own id
    return;
  }
  self->request(context->lock, caf::infinite, try_lock{info.subscription_id, me()})
      .then([this](const lock_answer& y) { write(encode(pre_shutdown_ack{y.granted})); },
            [this](const caf::error&) { end(close_reason::internal_error); });
}

void session_state::unexpected(const char* what) {
  write(encode(error_frame{error_code::unexpected_frame, std::string{what} + " is not possible here and was ignored"}));
}

} // namespace cafbus
