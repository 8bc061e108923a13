#pragma once
#include "base/result.hpp"
#include "config/log_output.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cafbus {

/// Where the journal of systemd takes entries.
inline constexpr const char* journal_socket = "/run/systemd/journal/socket";

/// The journal as an output of the log. Fails if nobody listens at `socket`, or this program was built without
/// libsystemd, or cannot load it. @param app Stands in each entry, as CAFBUS_APP.
result<std::shared_ptr<log::output>> journal_output(const std::string& app, const std::string& socket = journal_socket);

/// The command that shows the entries of an app. @param follow Keeps running. @param lines The last so many; none: all.
std::vector<std::string> journal_command(const std::string& app, bool follow, std::optional<uint64_t> lines);

} // namespace cafbus
