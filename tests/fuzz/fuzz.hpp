#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

/// What fuzz targets share. Each defines `LLVMFuzzerTestOneInput`; clang's libFuzzer calls it with inputs that it makes
/// up, `replay.cpp` with those of the files that are kept.
namespace cafbus::fuzz {

/// Ends the process, which is how a target tells of a finding.
[[noreturn]] inline void found(const char* what, std::string_view detail = {}) {
  std::fprintf(stderr, "\nFINDING: %s\n%.*s\n", what, static_cast<int>(detail.size()), detail.data());
  std::abort();
}

inline void require(bool holds, const char* what, std::string_view detail = {}) {
  if (!holds)
    found(what, detail);
}

inline std::string_view text_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Takes small numbers from the front of an input; zeros once it is used up.
class reader {
public:
  explicit reader(std::string_view input) : rest_{input} {}

  uint8_t byte() {
    if (rest_.empty())
      return 0;
    auto result = static_cast<uint8_t>(rest_[0]);
    rest_.remove_prefix(1);
    return result;
  }

  std::string_view rest() const { return rest_; }

private:
  std::string_view rest_;
};

} // namespace cafbus::fuzz
