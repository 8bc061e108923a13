#pragma once
#include <cstddef>
#include <string_view>

namespace cafbus {

/// Whether `text` is exactly one JSON value by the grammar of RFC 8259, in valid UTF-8, nested at most `max_depth`.
///
/// simdjson and nlohmann both refuse legal JSON whose *values* they cannot represent: numbers beyond double or 64 bits
/// and escapes of lone surrogates. A bus that passes payloads on verbatim must not; so a line that simdjson refuses
/// for such a reason is asked again here. Slow path only; no allocation beyond `max_depth` bits, no recursion.
bool is_json(std::string_view text, size_t max_depth);

} // namespace cafbus
