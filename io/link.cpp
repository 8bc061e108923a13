#include "io/link.hpp"

#include "actors/bus.hpp"
#include "actors/conn.hpp"
#include "config/log.hpp"

#include <algorithm>
#include <spdlog/logger.h>
#include <unistd.h>

namespace cafbus {

namespace {

using namespace std::chrono_literals;

/// Answers that may wait for a peer which asks but does not read.
constexpr size_t max_pending_answers = 64 * 1'024;

/// Longest wait for the bus to describe itself.
constexpr auto status_timeout = 5s;

/// Bytes of the delivery at hand. One a thread, not one a link: a thousand idle consumers must not keep a thousand
/// buffers.
std::vector<char>& scratch() {
  thread_local std::vector<char> buffer;
  buffer.clear();
  return buffer;
}

/// What is wrong with a hello; empty if nothing is.
std::string complaint(const hello& x) {
  auto too_long = [](const std::string& name) { return name.size() > defaults::max_name_bytes; };
  if (x.version != protocol_version)
    return "version '" + x.version.substr(0, 32) + "' is not supported; this bus speaks " + protocol_version;
  if (x.event_key.empty())
    return "event_key is empty";
  if (x.event_types.size() > defaults::max_event_types)
    return "too many event_types: " + std::to_string(x.event_types.size()) + ", at most " +
           std::to_string(defaults::max_event_types);
  if (x.on_first.size() > defaults::max_hook_bytes || x.on_last.size() > defaults::max_hook_bytes)
    return "a command is longer than " + std::to_string(defaults::max_hook_bytes) + " bytes";
  if (too_long(x.event_key) || too_long(x.subscription_id) ||
      std::any_of(x.event_types.begin(), x.event_types.end(), too_long))
    return "a name is longer than " + std::to_string(defaults::max_name_bytes) + " bytes";
  return {};
}

/// The drain time that a shutdown asks for, at most a day, so that no timer overflows.
std::chrono::nanoseconds drain_limit(int64_t ms) {
  return std::chrono::milliseconds{std::clamp<int64_t>(ms, 0, 86'400'000)};
}

} // namespace

// -- life ----------------------------------------------------------------------------------------------------------

void link_state::start(caf::io::connection_handle handle) {
  output.emplace(*self, handle, *context->calls);
  // not monitored: an observer's memory stays for as long as what it observes, and the broker outlives a million links
  self->set_exit_handler([this](const caf::exit_msg&) { end(close_reason::bus_stopping); });
  self->set_down_handler([this](const caf::down_msg&) { end(close_reason::internal_error); }); // of its conn
  self->set_error_handler([](caf::error&) {}); // requests have their own; what is left are answers to the dead
  self->ack_writes(handle, true);
  peer = context->calls->peer(static_cast<int>(handle.id()));
  if (!peer || (peer->uid != ::geteuid() && peer->uid != 0))
    self->send(self, close_link{close_reason::foreign_uid, "this bus belongs to another user", {}});
  else
    self->configure_read(handle, caf::io::receive_policy::at_most(defaults::read_bytes));
}

void link_state::on_closed() {
  end(said_bye ? close_reason::peer_said_bye : close_reason::peer_closed);
}

void link_state::on_close_link(const close_link& x) {
  if (now == phase::answering || now == phase::closing)
    return; // ends by itself, or with the broker
  if (x.reason != close_reason::bus_stopping) {
    if (now == phase::first_frame) // else its first frame has come in time after all
      fail(x.reason, x.bye_reason);
    return;
  }
  auto bye_reason = x.bye_reason;
  stop_reason = bye_reason;
  if (now == phase::first_frame) {
    write(encode(error_frame{"shutting_down", bye_reason}));
    finish(close_reason::bus_stopping);
  } else if (now == phase::entering) {
    reject("shutting_down", "the bus is stopping: " + bye_reason);
  } else if (now == phase::consuming) {
    drain_and_say_bye(x.drain_timeout);
  } else if (!awaiting_hub) {
    say_bye(); // else after the ack for what the hub has
  }
}

void link_state::drain_and_say_bye(std::chrono::nanoseconds limit) {
  self->request(conn, limit, drain{})
      .then([this](const drained&) { say_bye(); }, [this](const caf::error&) { say_bye(); });
}

void link_state::on_transferred(const caf::io::data_transferred_msg& x) {
  if (!output->transferred(x.remaining, self->clock().now()))
    return;
  if (credit.pending())
    credit.deliver(delivered{});
  if (now == phase::closing)
    end(closing_reason);
}

void link_state::on_stall_check() {
  stall_timer = false;
  if (output->pending() == 0)
    return;
  if (self->clock().now() - output->last_progress() >= context->options.write_timeout)
    end(close_reason::stalled);
  else
    watch_for_stall();
}

void link_state::watch_for_stall() {
  if (stall_timer)
    return;
  stall_timer = true;
  auto due = output->last_progress() + context->options.write_timeout;
  self->delayed_send(self, due - self->clock().now(), stall_check{});
}

void link_state::say_bye() {
  if (now == phase::closing)
    return;
  write(encode(bye{*stop_reason}));
  finish(close_reason::bus_stopping);
}

void link_state::fail(close_reason reason, const std::string& message) {
  write(encode(error_frame{to_string(reason), message}));
  finish(reason);
}

void link_state::finish(close_reason reason) {
  if (ended)
    return;
  now = phase::closing;
  closing_reason = reason;
  if (output->pending() == 0)
    end(reason);
}

void link_state::end(close_reason reason) {
  if (ended)
    return;
  ended = true;
  auto pid = peer ? peer->pid : 0;
  auto expected = reason == close_reason::peer_closed || reason == close_reason::peer_said_bye ||
                  reason == close_reason::answered || reason == close_reason::bus_stopping;
  log::link().log(conn || !expected ? (expected ? spdlog::level::info : spdlog::level::warn) : spdlog::level::debug,
                  "connection-closed pid={} key={} reason={} unsent_bytes={} skipped_lines={}", pid,
                  log::quoted(info.event_key), to_string(reason), output->pending(), skipped);
  output->shut_down();
  self->quit(caf::exit_reason::user_shutdown);
}

void link_state::established(bool asks_only) {
  self->send(context->broker, link_established{self->address(), asks_only});
}

caf::strong_actor_ptr link_state::me() const {
  return caf::actor_cast<caf::strong_actor_ptr>(link_actor{self});
}

// -- out -----------------------------------------------------------------------------------------------------------

void link_state::write(const std::string& frame) {
  if (ended)
    return;
  switch (output->write(frame.data(), frame.size(), self->clock().now())) {
  case link_output::result::sent:
    break;
  case link_output::result::pending:
    watch_for_stall();
    if (!credit.pending() && now != phase::closing && output->pending() > max_pending_answers + frame.size())
      end(close_reason::control_overflow);
    break;
  case link_output::result::broken:
    end(close_reason::peer_closed);
  }
}

caf::result<delivered> link_state::on_delivery(const delivery& x) {
  auto& bytes = scratch();
  for (const auto& status : x.statuses) {
    auto frame = encode(status);
    bytes.insert(bytes.end(), frame.begin(), frame.end());
  }
  for (const auto& range : x.events)
    append_frames(bytes, range);
  auto result = ended ? link_output::result::broken : output->write(bytes.data(), bytes.size(), self->clock().now());
  if (result == link_output::result::sent)
    return delivered{};
  credit = self->make_response_promise<delivered>();
  if (result == link_output::result::broken)
    end(close_reason::peer_closed); // never credited: it has not been delivered
  else
    watch_for_stall();
  return credit;
}

// -- in: first frame -----------------------------------------------------------------------------------------------

void link_state::on_data(const caf::io::new_data_msg& x) {
  splitter.append(x.buf.data(), x.buf.size());
  if (awaiting_hub && !halted) {
    halted = true;
    self->halt(x.handle); // the socket slows the producer down
  }
  if (encoder)
    encoder->arrived_at(std::chrono::system_clock::now());
  process();
}

void link_state::process() {
  while (!awaiting_hub && !said_bye &&
         (now == phase::first_frame || now == phase::consuming || now == phase::producing)) {
    auto line = splitter.next();
    if (!line)
      break;
    on_line(*line);
  }
  if (splitter.too_long() && now != phase::closing)
    fail(close_reason::frame_too_large,
         "a frame is longer than " + std::to_string(defaults::max_frame_bytes) + " bytes");
  else if (now == phase::producing && !awaiting_hub)
    publish_batch();
}

void link_state::on_line(std::string_view line) {
  switch (now) {
  case phase::first_frame:
    on_first_frame(line);
    break;
  case phase::consuming:
    on_consumer_frame(line);
    break;
  default:
    on_producer_line(line);
  }
}

void link_state::on_first_frame(std::string_view line) {
  auto decoded = decode(line);
  if (auto* error = std::get_if<codec_error>(&decoded)) {
    fail(close_reason::bad_first_frame, "the first frame cannot be read: " + to_string(*error));
    return;
  }
  auto& x = std::get<frame>(decoded);
  if (auto* greeting = std::get_if<hello>(&x)) {
    on_hello(std::move(*greeting));
  } else if (std::holds_alternative<status_query>(x)) {
    on_status_query();
  } else if (auto* request = std::get_if<shutdown>(&x)) {
    on_shutdown(*request);
  } else if (std::holds_alternative<publish_line>(x)) {
    now = phase::producing;
    established(false);
    encoder.emplace();
    encoder->arrived_at(std::chrono::system_clock::now());
    on_producer_line(line);
  } else {
    fail(close_reason::bad_first_frame, "the first frame must be hello, publish, status_query or shutdown");
  }
}

void link_state::on_hello(hello x) {
  if (auto why = complaint(x); !why.empty()) {
    reject("bad_hello", why);
    return;
  }
  info = {x.pid, x.event_key, std::move(x.subscription_id), std::move(x.event_types)};
  if (info.subscription_id.empty())
    info.subscription_id = info.event_key;
  if (info.event_types.empty())
    info.event_types.push_back(info.event_key);
  now = phase::entering;
  established(false);
  self->request(context->lock, caf::infinite,
                enter{info.subscription_id, me(), {std::move(x.on_first), std::move(x.on_last)}})
      .then([this](const entered& y) { on_entered(y); },
            [this](const caf::error&) { end(close_reason::internal_error); });
}

void link_state::on_entered(const entered& x) {
  if (now != phase::entering)
    return;
  if (!x.admitted) {
    reject(x.code.c_str(), x.reason);
    return;
  }
  now = phase::consuming;
  conn = spawn_conn(self->system(), mailbox_limits(context->options), info, link_actor{self});
  self->monitor(conn);
  // first the hub, then the ack: whoever has seen the ack misses nothing that is published from then on, and no event
  // overtakes the ack, since deliveries come as messages
  self->send(context->hub, subscribe{conn, info});
  hello_ack ack;
  ack.first_for_key = x.first;
  write(encode(ack));
  log::link().info("consumer-joined pid={} key={} subscription={} types={} first={}", info.pid,
                   log::quoted(info.event_key), log::quoted(info.subscription_id), info.event_types.size(), x.first);
  process(); // what was sent behind the hello
}

void link_state::reject(const char* code, const std::string& why) {
  hello_ack ack;
  ack.rejected = true;
  ack.reject_reason = why;
  ack.reject_code = code;
  write(encode(ack));
  log::link().warn("hello-rejected pid={} reason={}", peer->pid, log::quoted(why));
  finish(close_reason::rejected);
}

void link_state::on_status_query() {
  now = phase::answering;
  established(true);
  self->request(context->bus, status_timeout, read_status{})
      .then(
          [this](const status_response& x) {
            write(encode(x));
            finish(close_reason::answered);
          },
          [this](const caf::error&) { fail(close_reason::internal_error, "the bus does not answer"); });
}

void link_state::on_shutdown(const shutdown& x) {
  now = phase::answering; // accepted: the connection ends with the bus, which is the answer
  established(true);
  self->request(context->bus, caf::infinite,
                stop_bus{"requested by pid " + std::to_string(peer->pid), x.force, drain_limit(x.drain_ms)})
      .then(
          [this](const stop_verdict& verdict) {
            if (verdict.accepted)
              return;
            write(encode(error_frame{"consumers_connected", verdict.message}));
            finish(close_reason::answered);
          },
          [this](const caf::error&) { fail(close_reason::internal_error, "the bus does not answer"); });
}

// -- in: consumers -------------------------------------------------------------------------------------------------

void link_state::on_consumer_frame(std::string_view line) {
  if (line.empty())
    return;
  auto decoded = decode(line);
  if (std::holds_alternative<codec_error>(decoded)) {
    ++skipped;
    return;
  }
  auto& x = std::get<frame>(decoded);
  if (std::holds_alternative<bye>(x)) {
    said_bye = true;
    end(close_reason::peer_said_bye);
  } else if (auto* check = std::get_if<pre_shutdown_check>(&x)) {
    on_pre_shutdown_check(*check);
  } else if (std::holds_alternative<hello>(x)) {
    unexpected("hello");
  } else if (std::holds_alternative<publish_line>(x)) {
    unexpected("publish"); // a consumer that believes it has published must not be left in that belief
  }
}

void link_state::on_pre_shutdown_check(const pre_shutdown_check& x) {
  const auto& id = x.subscription_id.empty() ? x.event_key : x.subscription_id;
  if (!id.empty() && id != info.subscription_id) {
    write(encode(pre_shutdown_ack{false})); // nobody may lock what is not its own
    return;
  }
  self->request(context->lock, caf::infinite, try_lock{info.subscription_id, me()})
      .then([this](const lock_answer& y) { write(encode(pre_shutdown_ack{y.granted})); },
            [this](const caf::error&) { end(close_reason::internal_error); });
}

void link_state::unexpected(const char* what) {
  write(encode(error_frame{"unexpected_frame", std::string{what} + " is not possible here and was ignored"}));
}

// -- in: producers -------------------------------------------------------------------------------------------------

void link_state::on_producer_line(std::string_view line) {
  if (line.empty())
    return;
  switch (encoder->add_line(line)) {
  case event_encoder::outcome::added:
    return;
  case event_encoder::outcome::rejected:
    ++rejected;
    if (auto times = reject_log.allow(self->clock().now()))
      log::link().warn("publish-rejected pid={} reason={} times={}", peer->pid,
                       log::quoted(to_string(encoder->error())), *times);
    return;
  case event_encoder::outcome::other_type:
    break;
  }
  auto decoded = decode(line);
  auto* x = std::get_if<frame>(&decoded);
  if (x && std::holds_alternative<bye>(*x))
    said_bye = true;
  else if (x && std::holds_alternative<hello>(*x))
    unexpected("hello");
  else
    ++skipped;
}

void link_state::publish_batch() {
  if (encoder->size() == 0 && rejected == 0) {
    if (said_bye)
      end(close_reason::peer_said_bye);
    return;
  }
  awaiting_hub = true;
  self->request(context->hub, caf::infinite, publish{encoder->finish(), rejected})
      .then([this](const published& x) { on_published(x); },
            [this](const caf::error&) { end(close_reason::internal_error); });
}

void link_state::on_published(const published& x) {
  totals.accepted += x.accepted;
  totals.duplicates += x.duplicates;
  totals.rejected += std::exchange(rejected, 0);
  awaiting_hub = false;
  if (now != phase::producing)
    return;
  write(encode(totals));
  if (stop_reason)
    say_bye();
  if (ended || now == phase::closing)
    return;
  if (std::exchange(halted, false))
    self->trigger(output->handle());
  process(); // what came in meanwhile, or the bye
}

// ------------------------------------------------------------------------------------------------------------------

link_actor::behavior_type link(link_state::pointer self, caf::io::connection_handle handle,
                               const std::shared_ptr<const link_context>& context) {
  auto& state = self->state;
  state.self = self;
  state.context = context;
  state.start(handle);
  return {
      [&state](const delivery& x) { return state.on_delivery(x); },
      [&state](const caf::io::new_data_msg& x) { state.on_data(x); },
      [&state](const caf::io::connection_closed_msg&) { state.on_closed(); },
      [&state](const caf::io::data_transferred_msg& x) { state.on_transferred(x); },
      [&state](const close_link& x) { state.on_close_link(x); },
      [&state](const stall_check&) { state.on_stall_check(); },
  };
}

} // namespace cafbus
