#include "messages/event_batch.hpp"

#include <charconv>
#include <cstring>

namespace cafbus {

namespace {

char* copy(char* to, std::string_view text) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

size_t count_digits(uint64_t x) {
  size_t n = 1;
  for (; x >= 10; x /= 10)
    ++n;
  return n;
}

} // namespace

template <class Buffer>
void append_frames(Buffer& out, const event_range& range) {
  if (range.first == range.last)
    return;
  // The last sequence number is the longest, so one resize has room for all; what the shorter ones leave is cut off.
  const auto digits = count_digits(range.seq + range.size() - 1);
  const auto before = out.size();
  out.resize(before + range.bytes() + range.size() * digits);
  auto* to = out.data() + before;
  auto seq = range.seq;
  for (size_t i = range.first; i < range.last; ++i) {
    to = copy(to, range.batch->head(i));
    to = std::to_chars(to, to + digits, seq++).ptr;
    to = copy(to, range.batch->tail(i));
  }
  out.resize(static_cast<size_t>(to - out.data()));
}

template void append_frames(std::string&, const event_range&);
template void append_frames(std::vector<char>&, const event_range&);

} // namespace cafbus
