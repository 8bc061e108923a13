#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Text in the cells of a terminal: a letter of Chinese takes two, an accent none. By wcwidth(), and so by the locale:
/// what that does not know becomes `?`.
namespace cafbus {

/// `text` with everything escaped or replaced that a terminal would obey, or show in more or fewer cells than we count.
std::string shown(std::string_view text);

/// Cells that `text` takes. @param text As `shown` returns it.
size_t cells_of(std::string_view text);

enum class alignment : uint8_t { left, right };

/// `shown(text)` in exactly that many cells: cut with an ellipsis at its end, or filled with blanks.
std::string fitted(std::string_view text, size_t cells, alignment side = alignment::left);

/// `shown(text)` in lines of at most so many cells, broken at blanks where there are any.
/// @param cells At least 2.
std::vector<std::string> wrapped(std::string_view text, size_t cells);

/// At most six characters: "0.5", "42", "12345", "123k", "4.5M".
std::string short_number(double x);

} // namespace cafbus
