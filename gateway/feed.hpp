#pragma once
#include "gateway/feeds.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <optional>
#include <set>

namespace cafbus::http {

/// The streams of one set of names, and the connection to the bus that they share.
/// Invariant: a connection is there, or being made, or a timer for the next attempt is pending, until `stop`.
class feed : public std::enable_shared_from_this<feed> {
public:
  feed(boost::asio::io_context& loop, bus_port& port, gateway_counters& counters, wanted_types wanted);
  ~feed();
  feed(const feed&) = delete;
  feed& operator=(const feed&) = delete;

  void start() { connect(true); }
  void stop();

  void add(std::string_view last_event_id, const std::shared_ptr<stream>& reader);
  void remove(const std::shared_ptr<stream>& reader) { readers_.erase(reader); }

  /// Sends a comment to those who have nothing else to read: to all, or to those who are to be told what was left out.
  void beat(bool all);
  void end_stalled();
  bool is_unused() const { return readers_.empty(); }

private:
  void connect(bool may_start);
  void on_connected(result<client> bus);
  void wait();
  void on_readable();
  void on_frame(const frame& x);
  void on_ack(const hello_ack& x);
  void on_event(uint64_t seq, std::string_view line);
  void lose(std::string_view why);
  void let_go();
  void push(stream& reader, const stream_item_ptr& x) const;
  void push_all(const stream_item_ptr& x) const;
  void wake_all() const;
  void tell_state(std::string_view state, std::string_view reason = {});

  bus_port& port_;
  gateway_counters& counters_;
  wanted_types wanted_;
  std::set<std::shared_ptr<stream>> readers_;
  std::optional<client> bus_;
  boost::asio::posix::stream_descriptor watch_; // borrows the descriptor of bus_
  boost::asio::steady_timer timer_;
  uint64_t connection_ = 0; // 0: not subscribed
  uint64_t last_seq_ = 0;
  gap_finder gaps_;
  stream_item_ptr state_; // what new streams are told
  bool stopped_ = false;
};

} // namespace cafbus::http
