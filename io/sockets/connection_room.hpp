#pragma once
#include "config/log_limit.hpp"
#include "messages/close_reason.hpp"

#include <array>
#include <cstdint>
#include <memory>

namespace cafbus {

/// How many consumers and producers one broker has and may have. Used on the multiplexer's thread only.
struct connection_room {
  uint64_t limit = 0; ///< 0: none.
  uint64_t used = 0;
  uint64_t refused = 0;
  // of all connections: whoever is refused comes again on a new one
  log::limit refusal_log;
  std::array<log::limit, static_cast<size_t>(close_reason::internal_error) + 1> end_logs;
};

/// A place in the room, given back by the destructor.
class connection_slot {
public:
  connection_slot() = default;
  connection_slot(connection_slot&&) noexcept = default;
  connection_slot& operator=(connection_slot&&) noexcept = default;

  /// @returns one that holds nothing, and is counted as refused, if there is no place.
  static connection_slot take(const std::shared_ptr<connection_room>& room) {
    connection_slot result;
    if (room->limit != 0 && room->used >= room->limit)
      ++room->refused;
    else
      result.room_ = {(++room->used, room.get()), give_back{room}};
    return result;
  }

  explicit operator bool() const noexcept { return room_ != nullptr; }

private:
  struct give_back {
    std::shared_ptr<connection_room> owner; ///< A session may outlive its broker.
    void operator()(connection_room* x) const noexcept { --x->used; }
  };
  std::unique_ptr<connection_room, give_back> room_;
};

} // namespace cafbus
