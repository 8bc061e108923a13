#include "gateway/gateway_log.hpp"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace cafbus::http {

namespace {

/// As flags say it, as a line says it, and as syslog numbers it.
struct level_words {
  std::string_view flag, line;
  char priority;
};
constexpr std::array<level_words, 5> levels{{{"debug", "debug", '7'},
                                             {"info", "info", '6'},
                                             {"warn", "warning", '4'},
                                             {"error", "error", '3'},
                                             {"off", "off", '7'}}};
static_assert(levels.size() == static_cast<size_t>(log_level::off) + 1);

/// RFC 3339 with milliseconds and zone.
std::string time_text(std::chrono::system_clock::time_point now) {
  const auto seconds = std::chrono::system_clock::to_time_t(now);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1'000;
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::array<char, 8> zone{}; // +hhmm
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::strftime(zone.data(), zone.size(), "%z", &parts);
  const auto fraction = std::to_string(1'000 + ms).substr(1);
  const std::string offset{zone.data()};
  return std::string{text.data()} + '.' + fraction + offset.substr(0, 3) + ':' + offset.substr(3);
}

char priority_of(std::string_view line_level) {
  auto found = std::ranges::find(levels, line_level, &level_words::line);
  return found == levels.end() ? '6' : found->priority;
}

/// A pipe that is ready takes so much without blocking.
constexpr size_t at_once = 4'096;

} // namespace

result<log_level> parse_log_level(std::string_view text) {
  auto found = std::ranges::find(levels, text, &level_words::flag);
  if (found == levels.end())
    return failure{failure_kind::invalid, "a level is debug, info, warn, error or off"};
  return static_cast<log_level>(found - levels.begin());
}

void gateway_log::write(log_level level, std::string_view text) const {
  if (level < least_ || least_ == log_level::off)
    return;
  const auto time = time_text(std::chrono::system_clock::now());
  to_({time, levels[static_cast<size_t>(level)].line, "http", text});
}

void gateway_log::write_limited(log_level level, std::string_view cause, std::string_view text, time_point now) {
  if (level < least_ || least_ == log_level::off)
    return;
  auto found = limits_.find(cause);
  if (found == limits_.end())
    found = limits_.emplace(cause, log::limit{}).first;
  if (auto times = found->second.pass(now))
    write(level, std::string{text} + " times=" + std::to_string(*times));
}

gateway_log::writer write_to(int fd, log::format how, bool for_journal) {
  return [=](const log::record& x) {
    auto line = for_journal ? std::string{'<', priority_of(x.level), '>'} : std::string{};
    line += log::to_line(x, how);
    pollfd item{fd, POLLOUT, 0};
    if (line.size() > at_once || ::poll(&item, 1, 0) <= 0)
      return;
    [[maybe_unused]] auto written = ::write(fd, line.data(), line.size());
  };
}

bool is_journal(int fd, const char* journal_stream) {
  struct stat info {};
  if (journal_stream == nullptr || ::fstat(fd, &info) != 0)
    return false;
  return std::to_string(info.st_dev) + ':' + std::to_string(info.st_ino) == journal_stream;
}

} // namespace cafbus::http
