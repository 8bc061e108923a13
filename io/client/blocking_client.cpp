#include "io/client/blocking_client.hpp"

#include "config/defaults.hpp"
#include "config/paths.hpp"
#include "io/client/publish_lines.hpp"
#include "messages/event_encoder.hpp"
#include "messages/json_text.hpp"

#include <unistd.h>

#include <algorithm>

namespace cafbus {

namespace {

using std::chrono::nanoseconds;
using reason = client_failure::reason;

/// Bytes that a producer holds before it waits for the socket: batches for the bus, little memory for us.
constexpr size_t max_pending = 256 * 1'024;

/// Readable bytes that must follow a line that is parsed.
constexpr size_t padding = 64;

/// `timeout` less the time since `begin`, which was before now.
nanoseconds left_of(nanoseconds timeout, std::chrono::steady_clock::time_point begin) {
  return std::max<nanoseconds>(timeout - (std::chrono::steady_clock::now() - begin), {});
}

void append_field(std::string& frame, std::string_view key, std::string_view text) {
  if (text.empty())
    return;
  frame += ",\"";
  frame += key;
  frame += "\":";
  append_quoted(frame, text);
}

} // namespace

std::variant<std::string, client_failure> socket_path(const std::string& app, const std::string& dir) {
  auto paths = find_app_paths(base_dir(dir, process_environment()), app);
  if (auto* error = std::get_if<std::string>(&paths))
    return client_failure{reason::usage, std::move(*error)};
  return std::get<app_paths>(paths).socket;
}

// -- consumer ------------------------------------------------------------------------------------------------------

std::variant<blocking_consumer, client_failure>
blocking_consumer::open(const std::string& socket_path, const subscription& request, nanoseconds timeout) {
  auto begin = std::chrono::steady_clock::now();
  auto connected = client::connect(socket_path, timeout);
  if (auto* failure = std::get_if<client_failure>(&connected))
    return std::move(*failure);
  auto& bus = std::get<client>(connected);
  hello greeting;
  greeting.pid = ::getpid();
  greeting.event_key = request.event_key;
  greeting.event_types = request.event_types;
  greeting.subscription_id = request.subscription_id;
  auto answer = bus.subscribe(greeting, left_of(timeout, begin));
  if (auto* failure = std::get_if<client_failure>(&answer))
    return std::move(*failure);
  return blocking_consumer{std::move(bus), std::get<hello_ack>(answer).first_for_key};
}

std::variant<received_event, client_failure> blocking_consumer::next(nanoseconds timeout) {
  auto got = bus_.next_event(timeout);
  if (auto* failure = std::get_if<client_failure>(&got))
    return std::move(*failure);
  const auto& event = std::get<event_frame>(got);
  auto hole = gaps_.on_event(event.seq);
  return received_event{event.event_type, event.event_id, event.payload, event.seq,
                        hole ? hole->last - hole->first + 1 : 0};
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

std::variant<blocking_producer, client_failure> blocking_producer::open(const std::string& socket_path,
                                                                        nanoseconds timeout) {
  auto connected = client::connect(socket_path, timeout);
  if (auto* failure = std::get_if<client_failure>(&connected))
    return std::move(*failure);
  return blocking_producer{std::move(std::get<client>(connected))};
}

std::optional<client_failure> blocking_producer::publish(const outgoing_event& event, nanoseconds patience) {
  event_fields fields;
  fields.event_type = event.event_type;
  fields.event_id = event.event_id;
  fields.source_time = event.source_time;
  fields.payload = event.payload;
  auto& validator = impl_->validator;
  if (validator.add(fields) != event_encoder::outcome::added)
    return client_failure{reason::usage, to_string(validator.error())};
  if (validator.bytes() > defaults::delivery_bytes)
    validator.finish(); // only its verdict was wanted
  auto& frame = impl_->text;
  frame = R"({"type":"publish")";
  append_field(frame, "event_type", event.event_type);
  append_field(frame, "event_id", event.event_id);
  append_field(frame, "source_time", event.source_time);
  frame += ",\"payload\":";
  auto payload = frame.size();
  frame += event.payload;
  frame += '}';
  // a line end in valid JSON is white space between its parts, never inside a string
  std::replace_if(
      frame.begin() + static_cast<ptrdiff_t>(payload), frame.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return send(frame, patience);
}

std::optional<client_failure> blocking_producer::publish_line(std::string_view line, nanoseconds patience) {
  auto& text = impl_->text;
  text = line;
  text.append(padding, '\0');
  auto frame = impl_->lines.to_frame(std::string_view{text}.substr(0, line.size()));
  if (frame.empty())
    return client_failure{reason::usage, impl_->lines.error().empty() ? "the line is blank" : impl_->lines.error()};
  return send(frame, patience);
}

std::optional<client_failure> blocking_producer::send(std::string_view frame, nanoseconds patience) {
  auto& out = impl_->out;
  out.queue(frame);
  return out.pending() > max_pending ? out.make_room(max_pending / 2, patience) : out.step();
}

std::variant<publish_ack, client_failure> blocking_producer::finish(nanoseconds patience) {
  if (auto failure = impl_->out.finish(patience))
    return std::move(*failure);
  return impl_->out.totals();
}

} // namespace cafbus
