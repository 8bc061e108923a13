#pragma once
#include <string>
#include <string_view>

namespace cafbus {

/// Appends `text` as a JSON string with its quotes: `"`, `\` and control characters are escaped, all else is kept.
/// @pre `text` is valid UTF-8.
void append_quoted(std::string& out, std::string_view text);

/// The text again. @param text What `append_quoted` has written, without the quotes.
std::string unescaped(std::string_view text);

} // namespace cafbus
