#include "testing/run_trace.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace cafbus::testing {

namespace {

constexpr std::string_view first_words = "... ";

} // namespace

void run_trace::append_time(std::string& to, std::chrono::nanoseconds x) {
  constexpr size_t fraction = 9;
  std::array<char, 24> digits;
  const auto* end = std::to_chars(digits.data(), digits.data() + digits.size(), std::max<int64_t>(0, x.count())).ptr;
  auto n = static_cast<size_t>(end - digits.data());
  if (n <= fraction) {
    to.append("0.").append(fraction - n, '0').append(digits.data(), n);
    return;
  }
  to.append(digits.data(), n - fraction).append(1, '.').append(digits.data() + n - fraction, fraction);
}

const std::string& run_trace::text() {
  if (text_.size() > options.capacity)
    forget(options.capacity);
  return text_;
}

void run_trace::forget(size_t down_to) {
  auto cut = text_.find('\n', text_.size() - std::min(text_.size(), down_to));
  cut = cut == std::string::npos ? text_.size() : cut + 1;
  auto lines = std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(cut), '\n');
  gone_ += static_cast<uint64_t>(lines) - (text_.starts_with(first_words) ? 1 : 0);
  text_.replace(0, cut, std::string{first_words} + std::to_string(gone_) + " lines are left out\n");
}

} // namespace cafbus::testing
