#pragma once
#include "bench/peer.hpp"

#include <atomic>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace cafbus::bench {

/// What publishers and consumers of a run know of each other.
struct flow {
  uint64_t window = 0;               ///< Events that may be on their way to the slowest consumer.
  std::atomic<uint64_t> sent = 0;    ///< By all publishers, or about to be.
  std::atomic<uint64_t> arrived = 0; ///< At the slowest consumer, in events published.
  std::atomic<bool> stop = false;    ///< Publish nothing more.
};

struct publisher_options {
  size_t payload_size = 200;
  size_t types = 1;
  uint64_t origin = 0; ///< Index of this publisher, below 1,000.
  bool ids = false;    ///< Each event has an id of its own, if the server looks at ids.
  double rate = 0;     ///< Events per second; 0: as fast as the window lets it.
  uint64_t limit = 0;  ///< Events after which it ends by itself; 0: none.
  size_t first_type = 0;
  const std::vector<std::string>* frames = nullptr; ///< If not null: sends these, in turns, with their ids set.
};

/// The id of an event as `frames` have it, all of one length.
inline constexpr std::string_view placeholder_id = "bench-1000000000000";
inline constexpr size_t id_digits = 13;

/// The name of the event type number `i`; all are of one length.
std::string type_name(size_t i);

/// Publishes on a thread of its own until it is stopped, then waits until the server has answered for everything.
/// As fast as it can it writes chunks of up to 64 KiB; at a rate, whatever is due when it wakes, with the time in it.
class publisher_thread {
public:
  publisher_thread(const peer& server, unique_fd fd, const publisher_options& options, flow& shared);
  ~publisher_thread();

  bool done() const noexcept { return done_; }
  /// Waits for its end. Throws a bench_error if it has failed.
  void join();
  /// Events sent; after `join`.
  uint64_t sent() const noexcept { return sent_; }

private:
  void run();
  void burst();
  void pace();
  void prepare_chunk();
  bool claim(uint64_t count);
  void fill(uint64_t count);
  uint64_t collect_frames();
  void set_id(char* digits, uint64_t number) const;
  void send(std::string_view bytes);
  void read_answers(int timeout_ms);

  const peer& server_;
  unique_fd fd_;
  publisher_options options_;
  flow& flow_;
  std::string chunk_;
  size_t frame_size_ = 0;
  size_t payload_at_ = 0;
  size_t type_at_ = 0;
  size_t id_at_ = std::string::npos; // of its digits
  std::string answers_;
  uint64_t sent_ = 0;
  uint64_t answered_ = 0;
  std::atomic<bool> done_ = false;
  std::exception_ptr failure_;
  std::thread thread_;
};

} // namespace cafbus::bench
