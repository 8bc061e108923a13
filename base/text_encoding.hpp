#pragma once
#include <string>
#include <string_view>

namespace cafbus {

/// What `input`, the first bytes of a file or stream, is encoded in if all of it is in UTF-16 or UTF-32, with the way
/// out, as a clause about "it". Empty if lines can be read from it.
std::string explain_encoding(std::string_view input);

/// Why `line`, which is not JSON, is none: another encoding, a NUL or plain text, each with the way out, as a clause
/// about "it". Empty if it looks like JSON with a mistake in it.
std::string explain_not_json(std::string_view line);

} // namespace cafbus
