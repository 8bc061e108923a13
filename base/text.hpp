#pragma once
#include <cstddef>
#include <cstring>
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

/// Whether `text` is the literal: as the size of that is known, a comparison or two and no call.
template <size_t N>
bool is_literal(std::string_view text, const char (&literal)[N]) noexcept {
  return text.size() == N - 1 && std::memcmp(text.data(), literal, N - 1) == 0;
}

/// The name that was probably meant by `text`: the nearest of `names` by letters left out, added, changed or swapped
/// with their neighbour; empty if none is near, which is one change in three letters. At most 64 bytes are looked at.
std::string_view nearest(std::string_view text, std::span<const std::string_view> names);

/// "; did you mean NAME?" for messages; empty if nothing is near.
std::string did_you_mean(std::string_view text, std::span<const std::string_view> names);

} // namespace cafbus
