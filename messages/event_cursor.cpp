#include "messages/event_cursor.hpp"

#include <charconv>
#include <cstdio>

namespace cafbus {

namespace {

constexpr size_t epoch_digits = 16;

std::optional<uint64_t> hexadecimal(std::string_view text) {
  uint64_t result = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result, 16);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return result;
}

} // namespace

std::string to_text(event_cursor x) {
  char text[max_cursor_bytes + 1];
  const auto size = std::snprintf(text, sizeof(text), "%016llx-%llx", static_cast<unsigned long long>(x.epoch),
                                  static_cast<unsigned long long>(x.position));
  return {text, static_cast<size_t>(size)};
}

std::optional<event_cursor> parse_cursor(std::string_view text) {
  if (text.size() < epoch_digits + 2 || text.size() > max_cursor_bytes || text[epoch_digits] != '-')
    return std::nullopt;
  const auto epoch = hexadecimal(text.substr(0, epoch_digits));
  const auto position = hexadecimal(text.substr(epoch_digits + 1));
  if (!epoch || !position || to_text({*epoch, *position}) != text)
    return std::nullopt;
  return event_cursor{*epoch, *position};
}

} // namespace cafbus
