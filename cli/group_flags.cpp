#include "cli/group_flags.hpp"

#include "base/utf8.hpp"
#include "config/defaults.hpp"
#include "config/duration.hpp"

namespace cafbus {

namespace {

failure bad_group(std::string what) {
  return {failure_kind::invalid, std::move(what)};
}

/// @returns 0 for a flag that was not given.
result<uint32_t> count_of(const char* flag, const std::string& text, uint32_t most) {
  if (text.empty())
    return uint32_t{0};
  auto count = parse_count(text);
  if (!count)
    return bad_group(std::string{flag} + ": " + count.error().text);
  if (*count == 0 || *count > most)
    return bad_group(std::string{flag} + ": it must be 1 to " + std::to_string(most));
  return static_cast<uint32_t>(*count);
}

} // namespace

result<void> read_group(const consume_flags& flags, hello& x) {
  const auto has_bounds = !flags.max_in_flight.empty() || !flags.max_attempts.empty();
  if (flags.group.empty() && (flags.ack || has_bounds))
    return bad_group("--ack, --max-in-flight and --max-attempts require --group");
  if (flags.group.empty())
    return {};
  if (!is_utf8(flags.group))
    return bad_group("--group: it is not UTF-8, and the protocol carries only UTF-8");
  if (!flags.ack && has_bounds)
    return bad_group("--max-in-flight and --max-attempts require --ack");
  if (x.exclusive || x.replay || !flags.cursor_file.empty() || (!x.policy.empty() && x.policy != "drop_oldest"))
    return bad_group("--group goes neither with past events (--last, --since, --latest, --cursor-file) nor with "
                     "--exclusive, nor with another --policy than drop-oldest");
  x.group = flags.group;
  x.ack = flags.ack;
  auto in_flight = count_of("--max-in-flight", flags.max_in_flight, defaults::most_in_flight);
  if (!in_flight)
    return in_flight.error();
  x.max_in_flight = *in_flight;
  auto attempts = count_of("--max-attempts", flags.max_attempts, defaults::most_attempts);
  if (!attempts)
    return attempts.error();
  x.max_attempts = *attempts;
  return {};
}

} // namespace cafbus
