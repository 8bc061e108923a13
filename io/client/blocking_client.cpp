#include "io/client/blocking_client.hpp"

#include "base/deadline.hpp"
#include "config/defaults.hpp"
#include "config/paths.hpp"
#include "io/client/publish_lines.hpp"
#include "messages/event_encoder.hpp"
#include "messages/frame_codec.hpp"
#include "messages/json_text.hpp"

#include <unistd.h>

#include <algorithm>

namespace cafbus {

namespace {

using std::chrono::nanoseconds;

/// Bytes that a producer holds before it waits for the socket: batches for the bus, little memory for us.
constexpr size_t max_pending = 256 * 1'024;

/// Readable bytes that must follow a line that is parsed.
constexpr size_t input_padding = 64;

void append_field(std::string& frame, std::string_view key, std::string_view text) {
  if (text.empty())
    return;
  frame += ",\"";
  frame += key;
  frame += "\":";
  append_quoted(frame, text);
}

} // namespace

result<std::string> socket_path(const std::string& app, const std::string& dir) {
  auto paths = find_app_paths(base_dir(dir, process_environment()), app);
  if (!paths)
    return paths.error();
  return std::move(paths->socket);
}

// -- consumer ------------------------------------------------------------------------------------------------------

result<blocking_consumer> blocking_consumer::open(const std::string& socket_path, const subscription& request,
                                                  nanoseconds timeout) {
  const deadline until{timeout};
  auto bus = client::connect(socket_path, timeout);
  if (!bus)
    return bus.error();
  hello greeting;
  greeting.pid = ::getpid();
  greeting.event_key = request.event_key;
  greeting.event_types = request.event_types;
  greeting.patterns = request.patterns;
  greeting.subscription_id = request.subscription_id;
  greeting.filter = request.filter;
  greeting.on_filter_error = request.on_filter_error;
  greeting.group = request.group;
  greeting.ack = request.ack;
  greeting.max_in_flight = request.max_in_flight;
  greeting.max_attempts = request.max_attempts;
  auto answer = bus->subscribe(greeting, until.left());
  if (!answer)
    return answer.error();
  return blocking_consumer{std::move(*bus), answer->first_for_key};
}

result<received_event> blocking_consumer::next(nanoseconds timeout) {
  auto got = bus_.next_event(timeout);
  if (!got)
    return got.error();
  auto hole = gaps_.on_event(got->seq);
  return received_event{got->event_type, got->event_id, got->payload, got->seq, hole ? hole->last - hole->first + 1 : 0,
                        got->attempt};
}

result<void> blocking_consumer::confirm(uint64_t seq, nanoseconds patience) {
  return bus_.send(encode(ack_frame{seq}), patience);
}

result<void> blocking_consumer::give_back(uint64_t seq, std::chrono::milliseconds delay, nanoseconds patience) {
  return bus_.send(encode(nack_frame{seq, static_cast<uint64_t>(std::max(delay.count(), int64_t{0}))}), patience);
}

result<void> blocking_consumer::report(uint64_t handled, uint64_t failed, uint64_t lost, nanoseconds patience) {
  if (!bus_.can(capability::stats))
    return {};
  return bus_.send(encode(consumer_stats{handled, failed, lost}), patience);
}

// -- producer ------------------------------------------------------------------------------------------------------

struct blocking_producer::impl {
  publisher out;
  publish_lines lines{""};
  event_encoder validator{};
  std::string text = {};
};

blocking_producer::blocking_producer(client bus) : impl_{new impl{publisher{std::move(bus)}}} {}
blocking_producer::~blocking_producer() = default;
blocking_producer::blocking_producer(blocking_producer&&) noexcept = default;
blocking_producer& blocking_producer::operator=(blocking_producer&&) noexcept = default;

result<blocking_producer> blocking_producer::open(const std::string& socket_path, nanoseconds timeout) {
  auto connected = client::connect(socket_path, timeout);
  if (!connected)
    return connected.error();
  return blocking_producer{std::move(*connected)};
}

result<void> blocking_producer::publish(const outgoing_event& event, nanoseconds patience) {
  event_fields fields;
  fields.event_type = event.event_type;
  fields.event_id = event.event_id;
  fields.source_time = event.source_time;
  fields.app_id = event.app_id;
  fields.tenant_key = event.tenant_key;
  fields.payload = event.payload;
  auto& validator = impl_->validator;
  if (validator.add(fields) != event_encoder::outcome::added)
    return failure{failure_kind::invalid, to_string(validator.error())};
  if (validator.bytes() > defaults::delivery_bytes)
    validator.finish(); // only its verdict was wanted
  auto& frame = impl_->text;
  frame = R"({"type":"publish")";
  append_field(frame, "event_type", event.event_type);
  append_field(frame, "event_id", event.event_id);
  append_field(frame, "source_time", event.source_time);
  append_field(frame, "app_id", event.app_id);
  append_field(frame, "tenant_key", event.tenant_key);
  frame += ",\"payload\":";
  auto payload = frame.size();
  frame += event.payload;
  frame += '}';
  // a line end in valid JSON is white space between its parts, never inside a string
  std::replace_if(
      frame.begin() + static_cast<ptrdiff_t>(payload), frame.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return send(frame, patience);
}

result<void> blocking_producer::publish_line(std::string_view line, nanoseconds patience) {
  auto& text = impl_->text;
  text = line;
  text.append(input_padding, '\0');
  auto frame = impl_->lines.to_frame(std::string_view{text}.substr(0, line.size()));
  if (frame.empty())
    return failure{failure_kind::invalid, impl_->lines.error().empty() ? "the line is blank" : impl_->lines.error()};
  return send(frame, patience);
}

result<void> blocking_producer::send(std::string_view frame, nanoseconds patience) {
  auto& out = impl_->out;
  out.queue(frame);
  return out.pending() > max_pending ? out.make_room(max_pending / 2, patience) : out.step();
}

void blocking_producer::wait_for_room(nanoseconds limit) {
  impl_->out.wait_for_room(limit);
}

result<publish_ack> blocking_producer::finish(nanoseconds patience) {
  if (auto done = impl_->out.finish(patience); !done)
    return done.error();
  return impl_->out.totals();
}

} // namespace cafbus
