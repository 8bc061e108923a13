#pragma once
#include <string>
#include <string_view>

namespace cafbus {

/// `text` as one word of a command for a POSIX shell: in single quotes, unless it has only characters that no shell
/// changes. Every command that we suggest is made of such words.
std::string shell_word(std::string_view text);

} // namespace cafbus
