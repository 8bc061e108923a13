#pragma once
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace cafbus {

/// Answers the scripts in cli/completions, in lines.
///
///   __complete words WORD... LAST   a line "VALUE\tTEXT" for each candidate, without quotes
///   __complete bash LINE BREAKS     a line for each candidate, as bash inserts it
///
/// A last line says what the shell is to do besides: ":", ":nospace" (more belongs to the word), ":files N" or
/// ":folders N" (it offers paths behind the first N characters of the last word).
std::string answer_shell(const CLI::App& program, const std::vector<std::string>& arguments);

} // namespace cafbus
