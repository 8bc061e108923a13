#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

/// The payload that the benchmark publishes. Its numbers have a fixed width, so that all frames of a run are of one
/// size (but for the digits of a sequence number) and a number is found and read without parsing.
///
///   {"n":1000000000042,"p":1003,"t":1000012345678901234,"pad":"xxx"}
namespace cafbus::bench::payload {

inline constexpr std::string_view start = "{\"n\":";
inline constexpr size_t number_at = 5;  ///< Of the event's number, plus `number_base`: 13 digits.
inline constexpr size_t origin_at = 23; ///< Of the publisher's index, plus 1,000: 4 digits.
inline constexpr size_t time_at = 32;   ///< Of the time of publishing, plus `time_base`: 19 digits, nanoseconds.
inline constexpr size_t min_size = 61;
inline constexpr uint64_t number_base = 1'000'000'000'000;
inline constexpr uint64_t time_base = 1'000'000'000'000'000'000;
inline constexpr uint64_t eight_digits = 100'000'000;

/// Writes `x` so that its last digit stands before `end`; `width` digits.
inline void write_digits(char* end, uint64_t x, size_t width) {
  for (; width > 0; --width, x /= 10)
    *--end = static_cast<char>('0' + x % 10);
}

/// Reads eight decimal digits without a loop. Not digits: any value.
inline uint64_t read_eight(const char* p) {
  uint64_t x = 0;
  std::memcpy(&x, p, sizeof(x)); // little endian: the first digit is the lowest byte
  x = (x & 0x0F0F0F0F0F0F0F0F) * 2561 >> 8;
  x = (x & 0x00FF00FF00FF00FF) * 6553601 >> 16;
  return (x & 0x0000FFFF0000FFFF) * 42949672960001 >> 32;
}

inline uint64_t read_digits(const char* p, size_t width) {
  uint64_t x = 0;
  for (; width > 0; --width, ++p)
    x = x * 10 + static_cast<uint64_t>(*p - '0');
  return x;
}

/// The last eight digits of the number: enough to notice any loss or change of order.
inline uint64_t number_mod(const char* payload) {
  return read_eight(payload + number_at + 5);
}
inline uint64_t origin(const char* payload) {
  return read_digits(payload + origin_at, 4) - 1'000;
}
inline uint64_t time(const char* payload) {
  return read_digits(payload + time_at, 19) - time_base;
}

inline void set_number(char* payload, uint64_t x) {
  write_digits(payload + number_at + 13, number_base + x, 13);
}
inline void set_time(char* payload, uint64_t ns) {
  write_digits(payload + time_at + 19, time_base + ns, 19);
}

/// @param size In bytes, at least `min_size`.
inline std::string make(size_t size, uint64_t origin) {
  auto result =
      "{\"n\":1000000000000,\"p\":" + std::to_string(1'000 + origin) + ",\"t\":1000000000000000000,\"pad\":\"";
  if (result.size() + 2 < size)
    result.append(size - result.size() - 2, 'x');
  return result + "\"}";
}

} // namespace cafbus::bench::payload
