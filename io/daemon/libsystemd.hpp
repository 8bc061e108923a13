#pragma once
#include "base/result.hpp"

#include <cstdint>

struct iovec;

namespace cafbus {

/// The functions of libsystemd that we use, as its manual describes them.
struct systemd_calls {
  int (*journal_sendv)(const iovec* fields, int count) = nullptr;           ///< sd_journal_sendv(3)
  int (*notify)(int unset_environment, const char* state) = nullptr;        ///< sd_notify(3)
  int (*watchdog_enabled)(int unset_environment, uint64_t* usec) = nullptr; ///< sd_watchdog_enabled(3)
  int (*listen_fds)(int unset_environment) = nullptr;                       ///< sd_listen_fds(3)
};

/// Whether this program was built to use it.
bool has_systemd();

/// Loads libsystemd when it is first needed: most buses never do, and it would bring five libraries into each start.
/// Fails if it is not there, or if this program was built without its headers.
result<systemd_calls> load_systemd();

} // namespace cafbus
