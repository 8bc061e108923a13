#include "cli/consume_request.hpp"

#include <iterator>

namespace cafbus {

const char* to_string(consume_end x) {
  static constexpr const char* names[] = {"limit",         "timeout",       "idle_timeout",   "signal",
                                          "stdin_eof",     "output_closed", "exec_failed",    "jq_failed",
                                          "filter_failed", "bus_shutdown",  "connection_lost"};
  static_assert(std::size(names) == static_cast<size_t>(consume_end::connection_lost) + 1);
  return names[static_cast<uint8_t>(x)];
}

bool lost_events(const consume_totals& totals, consume_end why) {
  return totals.dropped != 0 || totals.expired || (totals.left != 0 && why != consume_end::limit) || !totals.confirmed;
}

} // namespace cafbus
