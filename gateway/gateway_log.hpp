#pragma once
#include "base/result.hpp"
#include "config/log_limit.hpp"
#include "config/log_line.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace cafbus::http {

enum class log_level : uint8_t { debug, info, warning, error, off };

/// "debug", "info", "warn", "error" or "off".
result<log_level> parse_log_level(std::string_view text);

/// The gateway's own log: lines such as the daemon's. What strangers can cause is limited: some lines per second and
/// cause, and each says for how many it stands. For one thread.
class gateway_log {
public:
  using time_point = std::chrono::steady_clock::time_point;
  using writer = std::function<void(const log::record&)>;

  gateway_log(log_level least, writer to) : least_(least), to_(std::move(to)) {}

  /// @param text `event key=value ...`; what others have said in it is `quoted`.
  void write(log_level level, std::string_view text) const;

  /// The same, if the cause has not had its line in this second; ends with `times=N`.
  /// @param cause One of a few words of ours, since each has its count.
  void write_limited(log_level level, std::string_view cause, std::string_view text, time_point now);

private:
  log_level least_;
  writer to_;
  std::map<std::string, log::limit, std::less<>> limits_;
};

/// Writes to a descriptor and never waits: what it does not take at once is lost.
/// @param for_journal Each line begins with its priority, which the journal takes off: `<4>`.
gateway_log::writer write_to(int fd, log::format how, bool for_journal);

/// Whether that descriptor is the journal's, as systemd says in the variable JOURNAL_STREAM.
bool is_journal(int fd, const char* journal_stream);

} // namespace cafbus::http
