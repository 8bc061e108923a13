#pragma once
#include "config/log_limit.hpp"
#include "messages/close_reason.hpp"

#include <array>
#include <cstdint>
#include <memory>

namespace cafbus {

/// How many consumers and producers one broker has and may have. Used on the multiplexer's thread only.
struct connection_limit {
  uint64_t most = 0; ///< 0: any number.
  uint64_t used = 0;
  uint64_t refused = 0;
  // of all connections: a peer that is refused comes again on a new one
  log::limit refusal_log;
  log::limit joined_log{log::usual_lines_per_second};
  log::limit left_log{log::usual_lines_per_second};
  std::array<log::limit, vocabulary<close_reason>::words.size()> end_logs;
};

/// One of the connections that a limit allows; its destructor makes way for another.
class admission {
public:
  admission() = default;
  admission(admission&&) noexcept = default;
  admission& operator=(admission&&) noexcept = default;

  /// @returns one that holds nothing, and is counted as refused, if the limit is reached.
  static admission of(const std::shared_ptr<connection_limit>& limit) {
    admission result;
    if (limit->most != 0 && limit->used >= limit->most)
      ++limit->refused;
    else
      result.held_ = {(++limit->used, limit.get()), release{limit}};
    return result;
  }

  explicit operator bool() const noexcept { return held_ != nullptr; }

private:
  struct release {
    std::shared_ptr<connection_limit> owner; ///< A session may outlive its broker.
    void operator()(connection_limit* x) const noexcept { --x->used; }
  };
  std::unique_ptr<connection_limit, release> held_;
};

} // namespace cafbus
