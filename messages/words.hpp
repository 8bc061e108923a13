#pragma once
#include <cstddef>
#include <string_view>
#include <type_traits>

namespace cafbus {

/// The words for the values of an enum, one a value and in their order, as they stand on the wire, in status and in the
/// log: specialised beside each enum that has any, as `static constexpr std::array words`.
template <class E>
struct vocabulary;

template <class E>
concept spelled = std::is_enum_v<E> && requires {
  vocabulary<E>::words.size();
};

template <spelled E>
constexpr const char* to_string(E x) noexcept {
  return vocabulary<E>::words[static_cast<size_t>(x)];
}

/// The value of that word; the first value, `unknown`, if it is none of them. A peer of another version may say what
/// we have never heard of.
template <spelled E>
requires(E::unknown == E{}) constexpr E from_word(std::string_view word) noexcept {
  for (size_t i = 0; i < vocabulary<E>::words.size(); ++i)
    if (word == vocabulary<E>::words[i])
      return static_cast<E>(i);
  return E::unknown;
}

/// Whether every value up to `last` has its word; for a static_assert.
template <spelled E>
constexpr bool spells_all_up_to(E last) noexcept {
  return vocabulary<E>::words.size() == static_cast<size_t>(last) + 1;
}

} // namespace cafbus
