#pragma once
#include <span>
#include <string>
#include <string_view>

/// Small work on text that every floor needs.
namespace cafbus {

/// The white space of JSON, which is that of config files and of lines as well.
inline constexpr std::string_view white_space = " \t\r\n";

/// `text` without the white_space around it.
constexpr std::string_view trimmed(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(white_space);
  return first == std::string_view::npos ? std::string_view{}
                                         : text.substr(first, text.find_last_not_of(white_space) - first + 1);
}

/// The name that was probably meant by `text`: the nearest of `names` by letters left out, added, changed or swapped
/// with their neighbour; empty if none is near, which is one change in three letters. At most 64 bytes are looked at.
std::string_view nearest(std::string_view text, std::span<const std::string_view> names);

/// "; did you mean NAME?" for messages; empty if nothing is near.
std::string did_you_mean(std::string_view text, std::span<const std::string_view> names);

} // namespace cafbus
