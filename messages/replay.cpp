#include "messages/replay.hpp"

#include "config/duration.hpp"
#include "config/quoted.hpp"
#include "messages/event_cursor.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace cafbus {

namespace {

using namespace std::chrono_literals;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::sys_days;
using std::chrono::system_clock;

/// What follows a certain number of digits; takes texts apart from their front.
class time_reader {
public:
  explicit time_reader(std::string_view text) : rest_{text} {}

  bool is_at_end() const noexcept { return rest_.empty(); }

  bool take(std::string_view any_of) {
    if (rest_.empty() || any_of.find(rest_[0]) == any_of.npos)
      return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::optional<int> number(size_t digits) {
    int result = 0;
    if (rest_.size() < digits)
      return std::nullopt;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + digits, result);
    if (error != std::errc{} || end != rest_.data() + digits || rest_[0] == '-')
      return std::nullopt;
    rest_.remove_prefix(digits);
    return result;
  }

  /// Digits behind a point, as nanoseconds; those beyond the ninth are left out.
  std::optional<nanoseconds> fraction() {
    int64_t result = 0;
    auto unit = nanoseconds{1s}.count();
    size_t digits = 0;
    for (; !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; ++digits) {
      unit /= 10;
      result += (rest_[0] - '0') * unit;
      rest_.remove_prefix(1);
    }
    return digits == 0 ? std::nullopt : std::optional{nanoseconds{result}};
  }

private:
  std::string_view rest_;
};

std::optional<sys_days> read_date(time_reader& from) {
  const auto y = from.number(4);
  const auto first = y && from.take("-") ? from.number(2) : std::nullopt;
  const auto second = first && from.take("-") ? from.number(2) : std::nullopt;
  if (!second)
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*y}, std::chrono::month{static_cast<unsigned>(*first)},
                                         std::chrono::day{static_cast<unsigned>(*second)}};
  if (!date.ok() || *y < 1700 || *y > 2200) // what a 64-bit number of nanoseconds holds
    return std::nullopt;
  return sys_days{date};
}

std::optional<nanoseconds> read_time(time_reader& from) {
  const auto h = from.number(2);
  const auto m = h && from.take(":") ? from.number(2) : std::nullopt;
  const auto s = m && from.take(":") ? from.number(2) : std::nullopt;
  if (!s || *h > 23 || *m > 59 || *s > 60)
    return std::nullopt;
  const nanoseconds result = std::chrono::hours{*h} + minutes{*m} + std::chrono::seconds{*s};
  if (!from.take("."))
    return result;
  const auto part = from.fraction();
  return part ? std::optional{result + *part} : std::nullopt;
}

std::optional<minutes> read_zone(time_reader& from) {
  if (from.take("Zz"))
    return minutes{0};
  const auto is_west = from.take("-");
  if (!is_west && !from.take("+"))
    return std::nullopt;
  const auto h = from.number(2);
  const auto m = h && from.take(":") ? from.number(2) : std::nullopt;
  if (!m || *h > 23 || *m > 59)
    return std::nullopt;
  const minutes result = std::chrono::hours{*h} + minutes{*m};
  return is_west ? -result : result;
}

std::optional<system_clock::time_point> parse_rfc3339(std::string_view text) {
  time_reader reader{text};
  const auto date = read_date(reader);
  const auto time = date && reader.take("Tt ") ? read_time(reader) : std::nullopt;
  const auto zone = time ? read_zone(reader) : std::nullopt;
  if (!zone || !reader.is_at_end())
    return std::nullopt;
  return system_clock::time_point{*date} + *time - *zone;
}

failure bad_replay(std::string text) {
  return {failure_kind::invalid, std::move(text)};
}

} // namespace

result<system_clock::time_point> parse_since(std::string_view text, system_clock::time_point now) {
  const system_clock::time_point earliest{};
  if (const auto time = parse_rfc3339(text))
    return std::max(*time, earliest);
  const auto ago = parse_duration(text);
  if (!ago || *ago < 0ns)
    return bad_replay(log::quoted(text.substr(0, 64)) + " is neither a duration such as 10m nor a time such as " +
                      "2026-11-27T11:30:00Z");
  return *ago > now - earliest ? earliest : now - *ago;
}

result<void> check_replay(const replay_wish& x) {
  const auto named =
      (x.last != 0 ? 1 : 0) + (x.since.empty() ? 0 : 1) + (x.latest ? 1 : 0) + (x.cursor.empty() ? 0 : 1);
  if (named != 1)
    return bad_replay("replay must have exactly one of last (1 or more), since, latest (true) and cursor");
  if (!x.since.empty())
    if (auto parsed = parse_since(x.since, system_clock::now()); !parsed)
      return bad_replay("since: " + parsed.error().text);
  if (!x.cursor.empty() && !parse_cursor(x.cursor))
    return bad_replay("cursor: " + log::quoted(x.cursor.substr(0, 64)) + " is no cursor of a bus");
  return {};
}

result<void> check_replay(const replay_wish& x, const runtime_limits& limits) {
  if (auto checked = check_replay(x); !checked)
    return checked;
  if (limits.history_bytes != 0 && limits.history_events != 0)
    return {};
  return bad_replay("this bus keeps no past events: start it with history-bytes and history-events above 0");
}

} // namespace cafbus
