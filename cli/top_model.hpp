#pragma once
#include "messages/frames.hpp"

#include <string>
#include <vector>

/// What `cafbus top` works out of two looks at a bus: plain values, without a terminal.
namespace cafbus {

/// How a consumer fares, the worst last.
enum class pace : uint8_t {
  idle,       ///< Nothing came for it.
  keeps_up,   ///< It takes what comes.
  catches_up, ///< Events wait for it, fewer than before.
  behind,     ///< Events wait for it, and not fewer than before.
  delaying,   ///< Publishers wait for it, by its policy `block`.
  stuck,      ///< Events wait for it, and it takes none.
  failing,    ///< It says that it fails on events.
  dropping,   ///< It loses events.
};

/// A consumer, with what happened to it per second since the look before.
struct top_row {
  consumer_status consumer = {};
  double received = 0;
  double delivered = 0;
  double dropped = 0;
  double failed = 0; ///< As it says.
  pace how = pace::idle;
};

/// The same of the bus.
struct top_totals {
  double received = 0;
  double unmatched = 0;
  double duplicates = 0;
  double delivered = 0; ///< Of all consumers.
  double dropped = 0;   ///< Of all consumers.
  uint64_t queued = 0;  ///< Events, now.
  uint64_t queued_bytes = 0;
};

/// @param before Null, or of another bus: there are no rates yet.
/// @param seconds Between the two.
std::vector<top_row> rows_between(const status_response* before, const status_response& now, double seconds);

/// @param rows Of the same looks.
top_totals totals_between(const status_response* before, const status_response& now, double seconds,
                          const std::vector<top_row>& rows);

/// Why the consumer is behind, or how it fares else, for people: the first word says it already.
std::string reason(const top_row& x);

/// What rows are sorted by.
enum class top_order : uint8_t { trouble, lag, drops, delivered, received, key, pid };
const char* to_string(top_order x);
inline constexpr size_t top_orders = 7;

/// The largest first; keys and process ids the smallest first. Equal rows are in the order of process ids.
void sort_rows(std::vector<top_row>& rows, top_order by, bool reversed);

/// Whether a row has that text: in its process id, key, subscription id, types or reason. Large and small ASCII letters
/// are the same.
bool fits(const top_row& x, const std::string& filter);

} // namespace cafbus
