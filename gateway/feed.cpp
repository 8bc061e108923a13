#include "gateway/feed.hpp"

#include "gateway/limits.hpp"
#include "messages/frame_codec.hpp"

#include <unistd.h>

#include <algorithm>
#include <random>

namespace cafbus::http {

namespace {

constexpr size_t max_id_bytes = 200;

uint64_t draw_number() {
  std::random_device source;
  return (uint64_t{source()} << 32 | source()) | 1;
}

hello to_hello(const wanted_types& wanted) {
  hello x;
  x.pid = ::getpid();
  x.event_key = "http";
  x.event_types = wanted.types;
  x.patterns = wanted.patterns;
  x.subscription_id = "http";
  for (const auto* names : {&wanted.types, &wanted.patterns})
    for (const auto& name : *names)
      if (x.subscription_id.size() + name.size() < max_id_bytes)
        x.subscription_id += ' ' + name;
  return x;
}

} // namespace

feed::feed(boost::asio::io_context& loop, bus_port& port, gateway_counters& counters, wanted_types wanted)
  : port_(port), counters_(counters), wanted_(std::move(wanted)), watch_(loop), timer_(loop),
    state_(state_item("waiting", "the bus has not answered yet")) {}

feed::~feed() {
  let_go();
}

void feed::stop() {
  stopped_ = true;
  let_go();
  timer_.cancel();
}

// -- streams -------------------------------------------------------------------------------------------------------

/// Numbers of this very connection say how many events came since; nothing is kept that could be sent again.
void feed::add(std::string_view last_event_id, const std::shared_ptr<stream>& reader) {
  readers_.insert(reader);
  if (!last_event_id.empty()) {
    auto from = parse_cursor(last_event_id);
    if (!from || connection_ == 0 || from->connection != connection_ || from->seq > last_seq_)
      push(*reader, gap_item(std::nullopt, "unknown_cursor"));
    else if (from->seq < last_seq_)
      push(*reader, gap_item(last_seq_ - from->seq, "no_history"));
  }
  push(*reader, state_);
  reader->wake();
}

void feed::push(stream& reader, const stream_item_ptr& x) const {
  counters_.stream_events += x->what == stream_item::kind::event;
  counters_.stream_dropped += reader.queue.push(x, std::chrono::steady_clock::now());
}

void feed::push_all(const stream_item_ptr& x) const {
  for (const auto& reader : readers_)
    push(*reader, x);
}

void feed::wake_all() const {
  for (const auto& reader : readers_)
    if (!reader->queue.empty())
      reader->wake();
}

/// Once per change, however often an attempt fails for the same reason.
void feed::tell_state(std::string_view state, std::string_view reason) {
  auto told = state_item(state, reason);
  if (told->text == state_->text)
    return;
  state_ = told;
  push_all(state_);
  wake_all();
}

void feed::beat(bool all) {
  static const auto comment = comment_item();
  for (const auto& reader : readers_)
    if (reader->queue.empty() && (all || reader->queue.has_left_out()))
      push(*reader, comment);
  wake_all();
}

void feed::end_stalled() {
  std::vector<std::shared_ptr<stream>> stalled;
  std::ranges::copy_if(readers_, std::back_inserter(stalled), [](const auto& x) { return x->is_stalled(); });
  for (const auto& x : stalled)
    x->close();
}

// -- the bus -------------------------------------------------------------------------------------------------------

void feed::connect(bool may_start) {
  port_.connect(may_start, [self = shared_from_this()](result<client> bus) { self->on_connected(std::move(bus)); });
}

void feed::on_connected(result<client> bus) {
  if (stopped_)
    return;
  if (!bus)
    return lose(bus.error().kind == failure_kind::not_found ? "no bus is running" : bus.error().text);
  bus_.emplace(std::move(*bus));
  if (auto sent = bus_->send(encode(to_hello(wanted_)), limits::send_time); !sent)
    return lose(sent.error().text);
  boost::system::error_code error;
  watch_.assign(bus_->fd(), error);
  if (error)
    return lose("cannot wait for the bus");
  wait();
}

void feed::wait() {
  watch_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                    [self = shared_from_this()](boost::system::error_code error) {
                      if (!error && self->bus_)
                        self->on_readable();
                    });
}

/// One read per turn, so that a flood does not keep the streams from being served.
void feed::on_readable() {
  auto received = bus_->receive();
  while (bus_) {
    auto got = bus_->buffered();
    if (!got)
      break;
    if (auto* event = std::get_if<event_frame>(&*got))
      on_event(event->seq, bus_->line());
    else
      on_frame(std::get<frame>(*got));
  }
  wake_all();
  if (!bus_)
    return;
  if (!received)
    return lose(received.error().text);
  if (auto good = bus_->check(); !good)
    return lose(good.error().text);
  wait();
}

void feed::on_frame(const frame& x) {
  if (auto* ack = std::get_if<hello_ack>(&x))
    on_ack(*ack);
  else if (auto* end = std::get_if<bye>(&x))
    lose("the bus said bye" + (end->reason.empty() ? "" : ": " + end->reason));
  else if (auto* error = std::get_if<error_frame>(&x))
    lose("the bus reports: " + error->message);
}

void feed::on_ack(const hello_ack& x) {
  if (x.rejected)
    return lose("the bus refuses: " + x.reject_reason);
  if (!wanted_.patterns.empty() && std::ranges::count(x.capabilities, capability::patterns) == 0)
    return lose("this bus does not know patterns of event types; it is of another make or version");
  connection_ = draw_number();
  last_seq_ = 0;
  gaps_ = {};
  tell_state("subscribed");
}

void feed::on_event(uint64_t seq, std::string_view line) {
  if (auto hole = gaps_.on_event(seq))
    push_all(gap_item(hole->last - hole->first + 1, "gateway_too_slow"));
  last_seq_ = std::max(last_seq_, seq);
  push_all(event_item({connection_, seq}, line));
}

void feed::lose(std::string_view why) {
  auto was_subscribed = connection_ != 0;
  let_go();
  if (was_subscribed)
    push_all(gap_item(std::nullopt, "bus_ended"));
  tell_state("waiting", why);
  timer_.expires_after(limits::retry);
  timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (!error && !self->stopped_)
      self->connect(false);
  });
}

void feed::let_go() {
  if (watch_.is_open())
    watch_.release();
  bus_.reset();
  connection_ = 0;
}

} // namespace cafbus::http
