#pragma once
#include "bench/consumers.hpp"
#include "bench/publishers.hpp"
#include "bench/real_events.hpp"

#include <algorithm>

namespace cafbus::bench {

/// One run: so many consumers and publishers for so long.
struct load {
  size_t consumers = 10;
  size_t payload = 200; ///< Bytes, at least 61.
  size_t types = 1;     ///< Events take turns among them; consumer `i` wants type `i % types`.
  size_t publishers = 1;
  uint64_t window = 0;      ///< Events on their way to the slowest consumer; 0: what the queue's bounds allow.
  double rate = 0;          ///< Events per second of each publisher; 0: as fast as the window lets it.
  double warm_up = 0.2;     ///< Seconds before measuring starts.
  double seconds = 0.7;     ///< Measured.
  size_t stuck = 0;         ///< More consumers, which never read.
  size_t slow = 0;          ///< More consumers, which read a byte a second.
  bool ids = false;         ///< Events have ids, where the server looks at them.
  bool may_lose = false;    ///< Losses are counted, and have to be the ones that the server has counted.
  bool count_calls = false; ///< Of the server to the kernel, which disturbs the times; needs `call_counter::allowed`.
  const real_events* events = nullptr; ///< If not null: these, with one type each; not `payload` and `types`.
  peer_options server;
};

struct measured {
  double seconds = 0;
  uint64_t deliveries = 0;
  uint64_t bytes = 0;
  uint64_t cpu = 0;         ///< Nanoseconds of the server.
  uint64_t faults = 0;      ///< Page faults of the server.
  uint64_t switches = 0;    ///< Its context switches.
  uint64_t calls = 0;       ///< Its system calls, if they were counted.
  uint64_t lost = 0;        ///< In the whole run, over all consumers.
  uint64_t lost_by_bad = 0; ///< In the whole run, by those that do not read as they should.
  uint64_t sent = 0;        ///< In the whole run.

  double rate() const { return static_cast<double>(deliveries) / seconds; }
  double cpu_each() const { return each(cpu); }
  double each(uint64_t x) const {
    return static_cast<double>(x) / static_cast<double>(std::max<uint64_t>(1, deliveries));
  }
};

/// Runs one load against a server that is fresh, and checks at the end that every consumer has got every event in its
/// order (or, where losses are allowed, that the server has counted those that are missing), and that the server's own
/// counters say the same. Throws a bench_error if not.
/// @param ages If not null, gets the age of each event that arrived while it was measured.
measured run(peer& server, const load& x, latencies* ages = nullptr);

} // namespace cafbus::bench
