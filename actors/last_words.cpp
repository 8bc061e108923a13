#include "actors/last_words.hpp"

#include "base/pipe_ends.hpp"

#include <array>
#include <cerrno>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace cafbus {

namespace {

/// Longest line that is kept, in bytes.
constexpr size_t max_line = 200;

} // namespace

bool last_words::read(int fd) {
  std::array<char, pipe_bytes> buffer;
  auto n = ::read(fd, buffer.data(), buffer.size());
  if (n <= 0)
    return n < 0 && (errno == EAGAIN || errno == EINTR);
  for (char c : std::string_view{buffer.data(), static_cast<size_t>(n)}) {
    if (c == '\n') {
      if (!current_.empty())
        last_ = std::exchange(current_, {});
    } else if (current_.size() < max_line) {
      current_ += c;
    }
  }
  return true;
}

} // namespace cafbus
