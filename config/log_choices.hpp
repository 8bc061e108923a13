#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace cafbus::log {

/// Where the log of a daemon goes, as `log-to` says.
enum class place : uint8_t {
  file,           ///< bus.log
  standard_error, ///< Of a daemon in the foreground; one in the background has none, and uses the file.
  journal,        ///< Of systemd.
};

inline constexpr std::array<std::string_view, 3> place_words{"file", "stderr", "journal"};
static_assert(place_words.size() == static_cast<size_t>(place::journal) + 1);

constexpr std::string_view to_string(place x) noexcept {
  return place_words[static_cast<size_t>(x)];
}

/// How its lines look, as `log-format` says.
enum class format : uint8_t {
  text, ///< `time level component event key=value ...`
  json, ///< An object per line.
};

inline constexpr std::array<std::string_view, 2> format_words{"text", "json"};
static_assert(format_words.size() == static_cast<size_t>(format::json) + 1);

constexpr std::string_view to_string(format x) noexcept {
  return format_words[static_cast<size_t>(x)];
}

} // namespace cafbus::log
