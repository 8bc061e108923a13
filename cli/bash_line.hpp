#pragma once
#include "cli/completion.hpp"

#include <string>
#include <string_view>
#include <vector>

/// bash completes raw text: quotes and all, cut at characters of its own choice. zsh and fish need none of this.
namespace cafbus {

/// A command line of bash up to the cursor.
struct bash_line {
  std::vector<std::string> words; ///< Without quotes; the program's name first; the last one is being completed.
  char quote = '\0';              ///< That the last word is in.
  size_t kept = 0;                ///< Bytes of the last word, quotes removed, that bash does not replace.
  bool redirected = false;        ///< The last word is the file of a redirection.
};

/// @param breaks COMP_WORDBREAKS: bash replaces only what follows the last of these.
bash_line read_bash_line(std::string_view text, std::string_view breaks);

/// `value` as it must stand in the line, without what bash keeps; empty if that cannot be written.
std::string quoted_for(const bash_line& line, std::string_view value);

} // namespace cafbus
