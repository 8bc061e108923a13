#pragma once
#include "base/result.hpp"
#include "config/log_output.hpp"
#include "config/quoted.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace spdlog {
class logger;
}

/// The log. A line is a stable event name in kebab case, then `key=value` pairs; text from a peer goes through
/// `quoted`. Levels: error = a human must act, warn = a loss, or a limit was reached (at most one line per second and
/// cause), info = state changes, debug = per event and frame. Payloads appear at trace only.
///
/// Silent until a program says where lines go; safe from any thread. A separate thread writes, so that no
/// actor waits for a disk; if that cannot keep up, the oldest lines are lost.
namespace cafbus::log {

spdlog::logger& bus();
spdlog::logger& hub();
spdlog::logger& group();
spdlog::logger& conn();
spdlog::logger& lock();
spdlog::logger& session();
spdlog::logger& link();
spdlog::logger& source();

/// Logs to `where`. @param level trace, debug, info, warn, error or off.
result<void> to(const std::shared_ptr<output>& where, std::string_view level);

/// Logs to `path` (0600), rotated while it runs.
result<void> to_file(const std::string& path, std::string_view level, format how = format::text);

/// Opens the file by its name once more, after somebody has moved the file away. Where that fails, the old file goes
/// on. Other outputs have nothing to open.
result<void> reopen();

/// Changes the level. @returns false for a level that does not exist.
bool set_level(std::string_view level);

/// Writes out what is pending and stops the writer's thread; before the process ends.
void shut_down();

} // namespace cafbus::log
