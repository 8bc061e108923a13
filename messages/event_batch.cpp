#include "messages/event_batch.hpp"

#include "messages/event_cursor.hpp"

#include <array>
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

/// What stands between the sequence number and the payload; most often nothing.
std::string fields_between(const event_range& range, uint32_t i, uint64_t epoch) {
  const auto position = epoch == 0 ? 0 : range.position(i);
  auto result = position == 0 ? std::string{} : R"(,"cursor":")" + to_text({epoch, position}) + '"';
  if (range.attempt > 1)
    result += R"(,"attempt":)" + std::to_string(range.attempt);
  return result;
}

template <class Buffer>
void append_with_fields(Buffer& out, const event_range& range, uint64_t epoch) {
  auto add = [&out](std::string_view text) { out.insert(out.end(), text.begin(), text.end()); };
  for (auto i = range.first; i < range.last; ++i) {
    add(range.batch->head(i));
    add(std::to_string(range.seq + (i - range.first)));
    add(fields_between(range, i, epoch));
    add(range.batch->tail(i));
  }
}

} // namespace

template <class Buffer>
void append_frames(Buffer& out, const event_range& range, uint64_t epoch) {
  if (range.first == range.last)
    return;
  if (epoch != 0 || range.attempt > 1)
    return append_with_fields(out, range, epoch);
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

void frame_pieces::clear() noexcept {
  parts_.clear();
  digits_.clear();
  bytes_ = 0;
}

void frame_pieces::append(const event_range& range, uint64_t epoch) {
  const auto& batch = *range.batch;
  const auto has_fields = epoch != 0 || range.attempt > 1;
  for (auto i = range.first; i < range.last; ++i) {
    // a tail and the next event's head lie side by side
    const auto head = batch.head(i);
    if (i == range.first)
      parts_.push_back({head.data(), 0, head.size()});
    else
      parts_.back().size += head.size();
    std::array<char, 20> number;
    const auto* end = std::to_chars(number.data(), number.data() + number.size(), range.seq + (i - range.first)).ptr;
    const auto begin = digits_.size();
    digits_.append(number.data(), static_cast<size_t>(end - number.data()));
    if (has_fields)
      digits_ += fields_between(range, i, epoch);
    const auto size = digits_.size() - begin;
    parts_.push_back({nullptr, begin, size});
    parts_.push_back({batch.tail(i).data(), 0, batch.tail(i).size()});
    bytes_ += head.size() + size + batch.tail(i).size();
  }
}

const std::vector<std::string_view>& frame_pieces::pieces() {
  pieces_.clear();
  for (const auto& x : parts_)
    pieces_.emplace_back(x.data ? x.data : digits_.data() + x.begin, x.size);
  return pieces_;
}

template void append_frames(std::string&, const event_range&, uint64_t);
template void append_frames(std::vector<char>&, const event_range&, uint64_t);

} // namespace cafbus
