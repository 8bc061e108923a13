#include "gateway/feed.hpp"

#include "config/quoted.hpp"
#include "gateway/limits.hpp"
#include "messages/event_encoder.hpp"
#include "messages/frame_codec.hpp"

#include <boost/asio/post.hpp>

#include <unistd.h>

#include <algorithm>

// All streams of the same names share one connection, which is read at full speed. One that begins in the past follows:
// it has a connection of its own whose hello asks for that past, and which is read only as fast as the stream reads,
// since a replay may be larger than the stream's queue. Both connections bring the same events in the same order. So
// where both have just brought the same event, the stream changes over, and nothing is missing or repeated: each looks
// at every event whether the other stands there. The other streams notice nothing, and neither does the bus.
//
// A connection that is lost resumes behind its last event. What the bus no longer has, it tells.

namespace cafbus::http {

namespace {

constexpr size_t max_id_bytes = 200;

bool can(const hello_ack& bus, std::string_view what) {
  return std::ranges::find(bus.capabilities, what) != bus.capabilities.end();
}

hello to_hello(const wanted_types& wanted) {
  hello x;
  x.pid = ::getpid();
  x.event_key = "http";
  x.event_types = wanted.types;
  x.patterns = wanted.patterns;
  x.capabilities = {capability::cursor};
  x.subscription_id = "http";
  for (const auto* names : {&wanted.types, &wanted.patterns})
    for (const auto& name : *names)
      if (x.subscription_id.size() + name.size() < max_id_bytes)
        x.subscription_id += ' ' + name;
  return x;
}

} // namespace

feed::feed(boost::asio::io_context& loop, bus_port& port, gateway_counters& counters, gateway_log& log,
           wanted_types wanted)
  : loop_(loop), port_(port), counters_(counters), log_(log), wanted_(std::move(wanted)), watch_(loop), timer_(loop),
    state_(state_item("waiting", "the bus has not answered yet")) {}

feed::~feed() {
  let_go();
}

void feed::stop() {
  stopped_ = true;
  let_go();
  timer_.cancel();
  for (const auto& x : followers_)
    x->stop();
  counters_.replays -= followers_.size();
  followers_.clear();
}

// -- streams -------------------------------------------------------------------------------------------------------

void feed::add(const stream_start& from, const std::shared_ptr<stream>& reader) {
  auto follows = from.past && !is_at(from.past->cursor);
  if (follows && counters_.replays < limits::max_replays)
    return add_follower(*from.past, reader);
  readers_.insert(reader);
  if (follows || from.unknown_cursor)
    push(*reader, gap_item(std::nullopt, follows ? "too_many_replays" : "unknown_cursor"));
  push(*reader, state_);
  reader->wake();
}

void feed::add_follower(const replay_wish& past, const std::shared_ptr<stream>& reader) {
  auto x = std::make_shared<feed>(loop_, port_, counters_, log_, wanted_);
  x->past_ = past;
  x->leader_ = weak_from_this();
  x->readers_.insert(reader);
  reader->on_taken = [follower = std::weak_ptr{x}] {
    if (auto y = follower.lock())
      y->on_room();
  };
  followers_.insert(x);
  ++counters_.replays;
  x->push(*reader, x->state_);
  reader->wake();
  x->start();
}

/// @pre its stream has got all that is not to come here
void feed::take_over(feed& follower) {
  auto keep = follower.shared_from_this();
  auto readers = std::exchange(follower.readers_, {});
  follower.stop();
  counters_.replays -= followers_.erase(keep);
  for (const auto& x : readers) {
    x->on_taken = nullptr;
    readers_.insert(x);
    if (state_->text != follower.state_->text)
      push(*x, state_);
    x->wake();
  }
}

void feed::remove(const std::shared_ptr<stream>& reader) {
  readers_.erase(reader);
  counters_.replays -= std::erase_if(followers_, [&](const auto& x) {
    auto was_its = x->readers_.erase(reader) != 0;
    if (was_its)
      x->stop();
    return was_its;
  });
}

bool feed::has_to_wait() const {
  return !leader_.expired() && std::ranges::any_of(readers_, [](const auto& x) { return x->queue.is_half_full(); });
}

/// In a turn of its own: the stream is about to write.
void feed::on_room() {
  if (!paused_)
    return;
  boost::asio::post(loop_, [self = shared_from_this()] {
    if (self->paused_ && self->bus_ && !self->has_to_wait())
      self->drain();
  });
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
  const auto waits = !reason.empty();
  log_.write_limited(waits ? log_level::warning : log_level::info, state,
                     "streams-" + std::string{state} + " streams=" + std::to_string(readers_.size()) +
                         (waits ? " reason=" + log::quoted(reason) : std::string{}),
                     std::chrono::steady_clock::now());
  push_all(state_);
  wake_all();
}

void feed::beat(bool all) {
  static const auto comment = comment_item();
  for (const auto& reader : readers_)
    if (reader->queue.empty() && (all || reader->queue.has_left_out()))
      push(*reader, comment);
  wake_all();
  for (const auto& x : followers_)
    x->beat(all);
}

void feed::end_stalled() {
  std::vector<std::shared_ptr<stream>> stalled;
  std::ranges::copy_if(readers_, std::back_inserter(stalled), [](const auto& x) { return x->is_stalled(); });
  auto followers = followers_; // each ends with its stream
  for (const auto& x : followers)
    x->end_stalled();
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
  auto asks = to_hello(wanted_);
  asks.replay = wanted_past();
  asked_past_ = asks.replay.has_value();
  if (auto sent = bus_->send(encode(asks), limits::send_time); !sent)
    return lose(sent.error().text);
  boost::system::error_code error;
  watch_.assign(bus_->fd(), error);
  if (error)
    return lose("cannot wait for the bus");
  wait();
}

std::optional<replay_wish> feed::wanted_past() const {
  if (skip_past_)
    return std::nullopt;
  if (!cursor_.empty())
    return replay_wish{.cursor = cursor_};
  if (past_ || began_.empty())
    return past_;
  return replay_wish{.since = began_};
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
  if (auto received = bus_->receive(); !received)
    ended_ = received.error();
  drain();
}

void feed::drain() {
  paused_ = false;
  for (auto more = true; more;) {
    more = take_frames();
    wake_all();
    if (!bus_)
      return;
    if ((paused_ = has_to_wait()))
      return;
  }
  if (ended_)
    return lose(std::exchange(ended_, std::nullopt)->text);
  if (auto good = bus_->check(); !good)
    return lose(good.error().text);
  wait();
}

/// @returns whether there may be more.
bool feed::take_frames() {
  while (bus_) {
    if (has_to_wait())
      return true;
    auto got = bus_->buffered();
    if (!got)
      return false;
    if (auto* event = std::get_if<event_frame>(&*got))
      on_event(*event, bus_->line());
    else
      on_frame(std::get<frame>(*got));
  }
  return false;
}

void feed::on_frame(const frame& x) {
  if (auto* ack = std::get_if<hello_ack>(&x))
    on_ack(*ack);
  else if (auto* hole = std::get_if<gap_frame>(&x))
    on_gap(*hole);
  else if (auto* end = std::get_if<bye>(&x))
    lose("the bus said bye" + (end->reason.empty() ? "" : ": " + end->reason));
  else if (auto* error = std::get_if<error_frame>(&x))
    lose("the bus reports: " + error->message);
}

void feed::on_ack(const hello_ack& x) {
  if (x.rejected && asked_past_ && x.reject_code == reject_code::bad_hello)
    return go_without_past();
  if (x.rejected)
    return lose("the bus refuses: " + x.reject_reason);
  if (!wanted_.patterns.empty() && !can(x, capability::patterns))
    return lose("this bus does not know patterns of event types; it is of another make or version");
  if (asked_past_ && !can(x, capability::cursor))
    return go_without_past();
  subscribed_ = true;
  skip_past_ = false;
  gaps_ = {};
  if (began_.empty())
    began_ = to_rfc3339(std::chrono::system_clock::now());
  tell_state("subscribed");
}

/// The bus keeps nothing of the past, or knows nothing of it.
void feed::go_without_past() {
  push_all(gap_item(std::nullopt, "no_history"));
  if (auto leader = leader_.lock())
    return leader->take_over(*this);
  let_go();
  cursor_.clear();
  skip_past_ = true;
  boost::asio::post(loop_, [self = shared_from_this()] { // not while frames of the old connection are taken
    if (!self->stopped_)
      self->connect(false);
  });
}

/// Before all events, since no others were asked for: the bus does not have all that came after our cursor.
void feed::on_gap(const gap_frame& x) {
  if (x.reason == gap_reason::restart) {
    cursor_.clear();
    began_ = to_rfc3339(std::chrono::system_clock::now());
  }
  push_all(gap_item(x.count == 0 ? std::nullopt : std::optional{x.count}, to_string(x.reason)));
}

void feed::on_event(const event_frame& x, std::string_view line) {
  if (auto hole = gaps_.on_event(x.seq))
    push_all(gap_item(hole->last - hole->first + 1, leader_.expired() ? "gateway_too_slow" : "too_slow"));
  cursor_ = x.cursor;
  push_all(event_item(cursor_, line));
  if (auto leader = leader_.lock(); leader && leader->is_at(cursor_))
    return leader->take_over(*this);
  if (followers_.empty())
    return;
  auto followers = followers_; // the set changes meanwhile
  for (const auto& follower : followers)
    if (follower->is_at(cursor_))
      take_over(*follower);
}

void feed::lose(std::string_view why) {
  auto is_lost = subscribed_ && cursor_.empty() && !past_; // else the bus is asked for what comes until the next one
  let_go();
  if (is_lost)
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
  ended_.reset();
  subscribed_ = false;
  paused_ = false;
}

} // namespace cafbus::http
