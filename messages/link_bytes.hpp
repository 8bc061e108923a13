#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Numbers and texts as they stand on the wire between two buses; for the codecs of links only.
namespace cafbus {

/// What a link begins with.
inline constexpr std::string_view link_magic = "cafbus-link\n";
inline constexpr size_t link_greeting_bytes = link_magic.size() + 2 * sizeof(uint16_t);

/// Length and kind, before each body.
inline constexpr size_t link_header_bytes = sizeof(uint32_t) + sizeof(uint8_t);

inline constexpr size_t max_link_reason_bytes = 256;

/// Overwrites bytes with a number. @pre they are there.
template <std::unsigned_integral T>
void set_number(std::string& in, size_t at, T x) {
  for (size_t i = 0; i < sizeof(T); ++i)
    in[at + i] = static_cast<char>(static_cast<uint64_t>(x) >> (8 * i) & 0xff);
}

template <std::unsigned_integral T>
void add_number(std::string& to, T x) {
  to.resize(to.size() + sizeof(T));
  set_number(to, to.size() - sizeof(T), x);
}

/// @param most Below 65,536; what is longer is cut.
inline void add_text(std::string& to, std::string_view x, size_t most) {
  x = x.substr(0, most);
  add_number(to, static_cast<uint16_t>(x.size()));
  to += x;
}

/// Takes numbers and texts from the front of a body. What is not there makes it bad, and reads as zero or empty.
class link_bytes {
public:
  explicit link_bytes(std::string_view x) : rest_{x} {}

  template <std::unsigned_integral T>
  T number() {
    uint64_t result = 0;
    const auto bytes = take(sizeof(T));
    for (size_t i = 0; i < bytes.size(); ++i)
      result |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[i])) << (8 * i);
    return static_cast<T>(result);
  }

  std::string_view text() { return take(number<uint16_t>()); }

  std::string_view take(size_t size) {
    if (size > rest_.size()) {
      good_ = false;
      rest_ = {};
      return {};
    }
    const auto result = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return result;
  }

  size_t left() const noexcept { return rest_.size(); }
  bool good() const noexcept { return good_; }

  /// Whether everything was there and nothing is left.
  bool done() const noexcept { return good_ && rest_.empty(); }

private:
  std::string_view rest_;
  bool good_ = true;
};

} // namespace cafbus
