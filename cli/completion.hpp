#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

/// Completion of the command line. The script of each shell (cli/completions) is small and asks the program itself, so
/// that all of them know what this version knows.
namespace cafbus {

/// What may stand in the place of the last word.
struct completion {
  struct candidate {
    std::string value; ///< The whole word, without quotes.
    std::string text;  ///< A few words on it; may be empty.
    bool operator==(const candidate&) const = default;
  };
  enum class paths : uint8_t { none, files, folders };

  std::vector<candidate> candidates;
  paths also = paths::none; ///< What else the shell is to offer,
  size_t kept = 0;          ///< behind so many bytes of the last word, as those of "--source=file:".
};

/// Names that only the machine knows. @param words All that was typed, the last of them being completed.
struct name_sources {
  using words = std::vector<std::string>;
  std::function<std::vector<std::string>(const words&)> apps;
  std::function<std::vector<std::string>(const words&)> event_names;
};

/// @param words Those after the program's name, without quotes; the last one is being completed, and may be empty.
completion complete(const CLI::App& program, const std::vector<std::string>& words, const name_sources& names);

/// The value that `words` give to a flag, in either form; the last word does not count. Empty if there is none.
std::string value_of(const std::string& flag, const std::vector<std::string>& words);

} // namespace cafbus
