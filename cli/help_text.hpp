#pragma once
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace cafbus {

/// Characters in a line of help.
inline constexpr size_t help_columns = 80;

/// The help of a command, or of the program if `command` has commands of its own, in lines of `help_columns` at most.
std::string help_text(const CLI::App& command);

/// `text` in lines of at most `columns` characters, broken at blanks; all lines but the first begin with `indent`
/// blanks. A word that is longer than a line stands on a line of its own.
std::string wrapped(std::string_view text, size_t columns, size_t indent);

} // namespace cafbus
