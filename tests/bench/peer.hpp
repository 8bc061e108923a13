#pragma once
#include "base/unique_fd.hpp"
#include "bench/event_stream.hpp"
#include "bench/process.hpp"
#include "support/temp_dir.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace cafbus::bench {

/// A run that cannot go on or whose laws do not hold: the program ends with 1 and this text.
class bench_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// What a server is told; 0: its default.
struct peer_options {
  uint32_t queue_capacity = 0;
  size_t queue_bytes = 0;
  bool tls = false;           ///< Of a link: encrypted, with certificates on both sides.
  uint64_t round_trip_ms = 0; ///< Of a link: what its wire takes.
};

/// What the server says about a run at its end.
struct server_counts {
  bool known = false;
  uint64_t accepted = 0;       ///< Events that it took in.
  uint64_t dropped = 0;        ///< Over all consumers that are still there and read.
  uint64_t dropped_by_bad = 0; ///< Over those that do not read as they should.
  uint64_t unmatched = 0;
};

/// A server that fans events out, in a process of its own, and how to talk to it.
class peer {
public:
  virtual ~peer() = default;
  peer(const peer&) = delete;
  peer& operator=(const peer&) = delete;

  pid_t pid() const noexcept { return process_.pid(); }
  /// All processes that are the server.
  virtual std::vector<pid_t> pids() const { return {pid()}; }
  const std::string& name() const noexcept { return name_; }

  /// Connects a consumer that wants these types, and waits until it gets them. Blocking socket.
  /// @param reads False: it is a bad one, whose losses are its own.
  virtual unique_fd connect_consumer(const std::vector<std::string>& types, bool reads = true) = 0;
  virtual unique_fd connect_publisher() = 0;

  /// One event as a publisher sends it; fixed size for fixed sizes of its parts.
  /// @param id Where the server looks at ids; empty: none.
  virtual std::string publish_frame(const std::string& type, const std::string& payload,
                                    const std::string& id = {}) const = 0;
  /// How many events the server has answered for, from the bytes of its answers so far. Takes what it has read.
  virtual uint64_t take_answers(std::string& bytes, uint64_t before) const = 0;
  /// Whether it answers at all.
  virtual bool answers() const { return true; }

  /// What its own command-line tools are, in words of the shell: one prints the events of that type until it is ended
  /// or has `count` of them, and `ready_word` once it gets them; one publishes what lies in a file, each event in the
  /// form of `file_frame`. Empty: it has none.
  virtual std::string consume_line(const std::string& /* type */, size_t /* count */) const { return {}; }
  virtual std::string publish_line(const std::string& /* file */) const { return {}; }
  virtual std::string file_frame(const std::string& type, const std::string& payload, const std::string& id) const {
    return publish_frame(type, payload, id);
  }
  virtual std::string ready_word() const { return {}; }
  /// Bytes that the consumer prints around each payload.
  virtual size_t printed_around(const std::string& /* type */) const { return 1; }
  /// Bytes that it prints before the first.
  virtual size_t printed_before(const std::string& /* type */) const { return 0; }

  /// What its frames need to be checked.
  virtual void complete(expectation&) const {}
  /// Checks the laws in the server's own words. Throws a bench_error.
  virtual server_counts check() { return {}; }
  /// The line that makes it publish by itself, if it is a server that does so, until it gets another line; then it
  /// answers with the number of events in a line. Empty: it waits for publishers.
  virtual std::string begin_line(size_t /* payload */, double /* rate */) const { return {}; }
  /// Where such a server takes that line.
  virtual unique_fd connect_control() { return {}; }

protected:
  explicit peer(std::string name) : name_{std::move(name)} {}

  /// Starts the process and waits until `connect` succeeds.
  void start(const std::vector<std::string>& command);
  virtual unique_fd connect() = 0;

  std::string name_;
  test::temp_dir dir_;
  child process_;
};

/// @param name cafbus, redis, nats, zmq, floor, or inner: cafbus as a part of a program that makes the events, linked:
/// two of them, leaf: two of NATS. Throws a bench_error if it is not there.
std::unique_ptr<peer> start_peer(const std::string& name, const peer_options& options);

/// Why there is no such peer here, and which Debian package has it; empty: there is.
std::string why_missing(const std::string& name);

// -- for the peers
// ------------------------------------------------------------------------------------------------------

/// Throws a bench_error if not all is sent.
void send_all(int fd, std::string_view bytes);
/// Reads until `wanted` stands at the end. Throws after 10 s.
std::string read_until(int fd, std::string_view wanted);
std::string read_exactly(int fd, size_t size);
/// Publishes numbers from 1 on to a consumer that has just subscribed until one comes, then takes what is still on the
/// way. From then on it gets everything. Throws after 10 s.
/// @param send Publishes that number to it. @param receive Reads the next one, waiting for it.
void await_first_probe(int consumer, const std::function<void(uint64_t)>& send,
                       const std::function<uint64_t()>& receive);
/// Blocking, but no read waits longer than 10 s.
void make_blocking(int fd);

std::unique_ptr<peer> start_cafbus(const peer_options& options);
std::unique_ptr<peer> start_redis(const std::string& program);
std::unique_ptr<peer> start_nats(const std::string& program);
std::unique_ptr<peer> start_zmq();
std::unique_ptr<peer> start_floor();
std::unique_ptr<peer> start_inner();
std::unique_ptr<peer> start_linked(const peer_options& options);
std::unique_ptr<peer> start_leaf(const std::string& program, const peer_options& options);

} // namespace cafbus::bench
