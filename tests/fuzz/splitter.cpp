// The frame splitter against a model that sees all at once: whatever way a stream is cut, the same lines come out, and
// no more than a frame and an append is held.
#include "messages/frame_splitter.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <vector>

using namespace cafbus;

namespace {

struct lines {
  std::vector<std::string> whole;
  size_t too_long = 0;
  std::string rest;
  bool operator==(const lines&) const = default;
};

std::string without_cr(std::string_view line) {
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  return std::string{line};
}

/// @param skips Whether a line that is too long is passed over; else it is the end.
lines expected(std::string_view stream, size_t limit, bool skips) {
  lines result;
  while (!stream.empty()) {
    auto end = stream.find('\n');
    auto size = end == stream.npos ? stream.size() : end + 1;
    if (size > limit || (end == stream.npos && size == limit)) {
      ++result.too_long;
      if (!skips)
        return result;
    } else if (end == stream.npos) {
      result.rest = without_cr(stream);
    } else {
      result.whole.push_back(without_cr(stream.substr(0, end)));
    }
    stream.remove_prefix(size);
  }
  return result;
}

/// Reads what a parser may read behind a line.
void touch_padding(std::string_view line) {
  volatile char last = 0;
  for (size_t i = 0; i < 64; ++i)
    last = line.data()[line.size() + i];
  (void)last;
}

/// How the splitter gets its bytes.
enum class way {
  append,
  lend,         ///< They stay until there is no line left in them.
  lend_one_line ///< They stay until the first line has been taken.
};

/// What was read, at an end of memory of its own: a sanitizer sees who reads more than 64 bytes behind it.
std::vector<char> padded(std::string_view bytes) {
  std::vector<char> result(bytes.begin(), bytes.end());
  result.resize(bytes.size() + 64);
  result.shrink_to_fit();
  return result;
}

lines split(std::string_view stream, size_t limit, bool skips, way how, fuzz::reader cuts) {
  frame_splitter testee{limit};
  lines result;
  while (!stream.empty()) {
    auto size = std::min<size_t>(stream.size(), 1 + cuts.byte() % 97);
    auto piece = padded(stream.substr(0, size));
    if (how == way::append)
      testee.append(piece.data(), size);
    else
      testee.lend({piece.data(), size});
    stream.remove_prefix(size);
    do {
      while (auto line = testee.next()) {
        touch_padding(*line);
        result.whole.emplace_back(*line);
        if (how == way::lend_one_line) {
          testee.keep_lent();
          std::fill(piece.begin(), piece.end(), '!');
        }
      }
      result.too_long += testee.too_long();
      if (testee.too_long() && !skips)
        return result;
    } while (testee.skip_too_long());
    fuzz::require(testee.pending() <= limit, "more than a frame is pending");
    fuzz::require(testee.capacity() <= 2 * limit + 97 + 256, "more memory than a frame and an append");
  }
  if (auto rest = testee.rest()) {
    touch_padding(*rest);
    result.rest = *rest;
  }
  return result;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::reader head{fuzz::text_of(data, size)};
  auto limit = size_t{1} + head.byte();
  auto mode = head.byte();
  auto stream = head.rest();
  // the stream's own bytes say how it is cut, from its end, so that a mutation changes either
  std::string cuts{stream.rbegin(), stream.rend()};
  if ((mode & 2) != 0)
    cuts.assign(stream.size(), '\0'); // byte by byte
  auto skips = (mode & 1) != 0;
  for (auto how : {way::append, way::lend, way::lend_one_line})
    fuzz::require(split(stream, limit, skips, how, fuzz::reader{cuts}) == expected(stream, limit, skips),
                  "the lines depend on how the stream is cut");
  return 0;
}
