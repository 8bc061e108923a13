#pragma once
#include "gateway/feeds.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <optional>
#include <set>
#include <string>

namespace cafbus::http {

/// The streams of one set of names, and the connection to the bus that they share; or a follower of it: one stream that
/// begins in the past, with a connection of its own.
///
/// Invariant: a connection is there, or being made, or a timer for the next attempt is pending, until `stop`.
class feed : public std::enable_shared_from_this<feed> {
public:
  feed(boost::asio::io_context& loop, bus_port& port, gateway_counters& counters, gateway_log& log,
       wanted_types wanted);
  ~feed();
  feed(const feed&) = delete;
  feed& operator=(const feed&) = delete;

  void start() { connect(true); }
  void stop();

  void add(const stream_start& from, const std::shared_ptr<stream>& reader);
  void remove(const std::shared_ptr<stream>& reader);

  /// Sends a comment to those who have nothing else to read: to all, or to those who are to be told what was left out.
  void beat(bool all);
  void end_stalled();
  bool is_unused() const { return readers_.empty() && followers_.empty(); }

private:
  void add_follower(const replay_wish& past, const std::shared_ptr<stream>& reader);
  void take_over(feed& follower);
  bool is_at(std::string_view cursor) const { return subscribed_ && !cursor_.empty() && cursor_ == cursor; }
  bool has_to_wait() const;
  void on_room();

  void connect(bool may_start);
  void on_connected(result<client> bus);
  std::optional<replay_wish> wanted_past() const;
  void wait();
  void on_readable();
  void drain();
  bool take_frames();
  void on_frame(const frame& x);
  void on_ack(const hello_ack& x);
  void on_gap(const gap_frame& x);
  void on_event(const event_frame& x, std::string_view line);
  void go_without_past();
  void lose(std::string_view why);
  void let_go();
  void push(stream& reader, const stream_item_ptr& x) const;
  void push_all(const stream_item_ptr& x) const;
  void wake_all() const;
  void tell_state(std::string_view state, std::string_view reason = {});

  boost::asio::io_context& loop_;
  bus_port& port_;
  gateway_counters& counters_;
  gateway_log& log_;
  wanted_types wanted_;
  std::set<std::shared_ptr<stream>> readers_;
  std::set<std::shared_ptr<feed>> followers_;
  std::weak_ptr<feed> leader_; // of a follower
  std::optional<client> bus_;
  boost::asio::posix::stream_descriptor watch_; // borrows the descriptor of bus_
  boost::asio::steady_timer timer_;
  bool subscribed_ = false;
  std::optional<replay_wish> past_; // what a follower begins with
  std::string cursor_;              // of the last event of this bus; empty: there was none
  std::string began_;               // when it was first subscribed to this bus
  bool asked_past_ = false;         // the hello had a replay
  bool skip_past_ = false;          // the next hello has none, since this bus keeps nothing
  bool paused_ = false;             // a follower waits for its stream
  std::optional<failure> ended_;    // the connection, with frames that are still to be taken
  gap_finder gaps_;
  stream_item_ptr state_; // what new streams are told
  bool stopped_ = false;
};

} // namespace cafbus::http
