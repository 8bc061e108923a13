#include "messages/frame_splitter.hpp"

#include <random>
#include <string>
#include <vector>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

constexpr size_t limit = 16;

/// Reads a view and the 64 bytes behind it; a sanitizer notices if they are not there.
std::string read_with_padding(std::string_view line) {
  volatile char sum = 0;
  for (size_t i = 0; i < line.size() + 64; ++i)
    sum = static_cast<char>(sum + line.data()[i]);
  return std::string{line};
}

std::vector<std::string> drain(frame_splitter& splitter) {
  std::vector<std::string> lines;
  while (auto line = splitter.next())
    lines.push_back(read_with_padding(*line));
  return lines;
}

std::vector<std::string> feed(frame_splitter& splitter, std::string_view bytes) {
  splitter.append(bytes.data(), bytes.size());
  return drain(splitter);
}

void add_to(std::vector<std::string>& lines, const std::vector<std::string>& more) {
  lines.insert(lines.end(), more.begin(), more.end());
}

const std::string stream = "one\ntwo\r\n\n\r\nthree \nfour\r\r\nfive";
const std::vector<std::string> lines_of_stream{"one", "two", "", "", "three ", "four\r"};

} // namespace

CAF_TEST(an empty stream has no line) {
  frame_splitter splitter{limit};
  CAF_CHECK(!splitter.next());
  CAF_CHECK(!splitter.rest());
  CAF_CHECK(!splitter.too_long());
  splitter.append(stream.data(), 0);
  CAF_CHECK(!splitter.next());
}

CAF_TEST(lent bytes are split as appended ones are wherever they are cut) {
  for (size_t at = 0; at <= stream.size(); ++at) {
    frame_splitter splitter{limit};
    std::vector<std::string> lines;
    for (const auto& part : {stream.substr(0, at), stream.substr(at)}) {
      auto bytes = part + std::string(64, '}');
      splitter.lend(std::string_view{bytes}.substr(0, part.size()));
      add_to(lines, drain(splitter));
    } // what was lent is gone
    CAF_CHECK_EQUAL(lines, lines_of_stream);
    CAF_CHECK_EQUAL(splitter.pending(), 4u);
    CAF_CHECK_EQUAL(splitter.rest().value_or(""), "five");
  }
}

CAF_TEST(a line that lies whole in what is lent is not copied) {
  const auto bytes = "one\ntwo\n" + std::string(64, '}');
  frame_splitter splitter{limit};
  splitter.lend(std::string_view{bytes}.substr(0, 8));
  const auto line = splitter.next();
  CAF_REQUIRE(line.has_value());
  CAF_CHECK(line->data() == bytes.data());
  CAF_CHECK_EQUAL(splitter.pending(), 4u);
  CAF_CHECK_EQUAL(splitter.capacity(), 0u);
}

CAF_TEST(how many bytes have become whole lines is known before these come out) {
  frame_splitter splitter{limit};
  CAF_CHECK_EQUAL(splitter.whole_lines(), 0u);
  std::vector<size_t> sizes;
  for (std::string_view part : {"one\ntw", "o\nthree\nx", "yz", "\n"}) {
    const auto bytes = std::string{part} + std::string(64, '}');
    splitter.lend(std::string_view{bytes}.substr(0, part.size()));
    sizes.push_back(splitter.whole_lines());
    drain(splitter);
  }
  CAF_CHECK_EQUAL(sizes, (std::vector<size_t>{4, 10, 0, 4}));
}

CAF_TEST(what is kept of lent bytes outlives them) {
  frame_splitter splitter{limit};
  {
    const auto bytes = "one\ntwo\nthr" + std::string(64, '}');
    splitter.lend(std::string_view{bytes}.substr(0, 11));
    const auto line = splitter.next();
    CAF_CHECK_EQUAL(line.value_or(""), "one");
    splitter.keep_lent();
  }
  CAF_CHECK_EQUAL(drain(splitter), (std::vector<std::string>{"two"}));
  CAF_CHECK_EQUAL(splitter.pending(), 3u);
}

CAF_TEST(a lent line beyond the limit is too long) {
  const auto bytes = "one\n" + std::string(limit, 'x') + "\n" + std::string(64, '}');
  frame_splitter splitter{limit};
  splitter.lend(std::string_view{bytes}.substr(0, limit + 5));
  CAF_CHECK_EQUAL(drain(splitter), (std::vector<std::string>{"one"}));
  CAF_CHECK(splitter.too_long());
}

CAF_TEST(what is read into the memory of a splitter is split as what is appended) {
  for (size_t at = 0; at <= stream.size(); ++at) {
    frame_splitter splitter{limit};
    std::vector<std::string> lines;
    for (const auto& part : {stream.substr(0, at), stream.substr(at)}) {
      part.copy(splitter.room(part.size() + 5), part.size());
      splitter.filled(part.size());
      add_to(lines, drain(splitter));
    }
    CAF_CHECK_EQUAL(lines, lines_of_stream);
    CAF_CHECK_EQUAL(splitter.rest().value_or(""), "five");
  }
}

CAF_TEST(lines come out the same wherever the stream is split) {
  for (size_t at = 0; at <= stream.size(); ++at) {
    frame_splitter splitter{limit};
    auto lines = feed(splitter, std::string_view{stream}.substr(0, at));
    add_to(lines, feed(splitter, std::string_view{stream}.substr(at)));
    CAF_CHECK_EQUAL(lines, lines_of_stream);
    CAF_CHECK_EQUAL(splitter.pending(), 4u);
  }
}

CAF_TEST(lines come out the same one byte at a time) {
  frame_splitter splitter{limit};
  std::vector<std::string> lines;
  for (const auto& byte : stream)
    add_to(lines, feed(splitter, {&byte, 1}));
  CAF_CHECK_EQUAL(lines, lines_of_stream);
}

CAF_TEST(lines come out the same in pieces of any size) {
  std::string text;
  std::vector<std::string> expected;
  std::mt19937 engine{7};
  for (int i = 0; i < 2'000; ++i) {
    expected.emplace_back(engine() % 300, static_cast<char>('a' + i % 26));
    text += expected.back() + '\n';
  }
  for (size_t piece : {1u, 2u, 63u, 64u, 65u, 1'000u, 65'536u, 1'000'000u}) {
    frame_splitter splitter{512};
    std::vector<std::string> lines;
    for (size_t at = 0; at < text.size(); at += piece)
      add_to(lines, feed(splitter, std::string_view{text}.substr(at, piece)));
    CAF_CHECK(lines == expected);
    CAF_CHECK_EQUAL(splitter.pending(), 0u);
    CAF_CHECK(splitter.capacity() <= 512 + piece + 64);
  }
}

CAF_TEST(a line of exactly the limit passes) {
  frame_splitter splitter{limit};
  const std::string line(limit - 1, 'x');
  CAF_CHECK_EQUAL(feed(splitter, line + '\n'), std::vector{line});
  CAF_CHECK_EQUAL(feed(splitter, line), std::vector<std::string>{});
  CAF_CHECK(!splitter.too_long());
  CAF_CHECK_EQUAL(feed(splitter, "\n"), std::vector{line});
  CAF_CHECK(!splitter.too_long());
}

CAF_TEST(a line one byte longer is too long) {
  frame_splitter splitter{limit};
  CAF_CHECK_EQUAL(feed(splitter, std::string(limit, 'x') + '\n'), std::vector<std::string>{});
  CAF_CHECK(splitter.too_long());
}

CAF_TEST(a line is too long before its newline has been seen) {
  frame_splitter splitter{limit};
  feed(splitter, std::string(limit - 1, 'x'));
  CAF_CHECK(!splitter.too_long());
  feed(splitter, "x");
  CAF_CHECK(splitter.too_long());
}

CAF_TEST(the carriage return counts towards the limit) {
  frame_splitter splitter{limit};
  CAF_CHECK_EQUAL(feed(splitter, std::string(limit - 2, 'x') + "\r\n").size(), 1u);
  CAF_CHECK_EQUAL(feed(splitter, std::string(limit - 1, 'x') + "\r\n").size(), 0u);
  CAF_CHECK(splitter.too_long());
}

CAF_TEST(lines before an oversized one come out and nothing after it) {
  frame_splitter splitter{limit};
  const auto lines = feed(splitter, "one\ntwo\n" + std::string(limit, 'x') + "\nfour\n");
  CAF_CHECK_EQUAL(lines, (std::vector<std::string>{"one", "two"}));
  CAF_CHECK(splitter.too_long());
  CAF_CHECK_EQUAL(feed(splitter, "five\n"), std::vector<std::string>{});
  CAF_CHECK(!splitter.rest());
}

CAF_TEST(nothing is skipped unless a line is too long) {
  frame_splitter splitter{limit};
  splitter.append("one\ntwo", 7);
  CAF_CHECK(!splitter.skip_too_long());
  CAF_CHECK_EQUAL(drain(splitter), std::vector<std::string>{"one"});
  CAF_CHECK(!splitter.skip_too_long());
  CAF_CHECK_EQUAL(feed(splitter, "\n"), std::vector<std::string>{"two"});
}

CAF_TEST(oversized lines are skipped wherever the stream is split) {
  const auto big = std::string(3 * limit, 'x');
  const auto text = "one\n" + big + "\r\ntwo\n" + big + "\n\n" + std::string(limit, 'y') + "\nthree\nfour";
  for (size_t at = 0; at <= text.size(); ++at) {
    frame_splitter splitter{limit};
    std::vector<std::string> lines;
    size_t skipped = 0;
    for (const auto& part : {text.substr(0, at), text.substr(at)}) {
      splitter.append(part.data(), part.size());
      do
        add_to(lines, drain(splitter));
      while (splitter.skip_too_long() && ++skipped);
    }
    CAF_CHECK_EQUAL(lines, (std::vector<std::string>{"one", "two", "", "three"}));
    CAF_CHECK_EQUAL(skipped, 3u);
    CAF_CHECK_EQUAL(splitter.pending(), 4u);
  }
}

CAF_TEST(a line that is skipped without an end takes no memory) {
  frame_splitter splitter{limit};
  const std::string piece(1'000, 'x');
  for (int i = 0; i < 1'000; ++i) {
    feed(splitter, piece);
    splitter.skip_too_long();
    CAF_CHECK(splitter.capacity() <= limit + piece.size() + 64);
  }
  CAF_CHECK(!splitter.too_long());
  CAF_CHECK(!splitter.rest());
  CAF_CHECK_EQUAL(feed(splitter, "\none\n"), std::vector<std::string>{"one"});
}

CAF_TEST(the rest is what follows the last newline) {
  frame_splitter splitter{limit};
  feed(splitter, "one\ntwo\r");
  const auto rest = splitter.rest();
  CAF_REQUIRE(rest);
  CAF_CHECK_EQUAL(read_with_padding(*rest), "two");
  CAF_CHECK(!splitter.rest());
  CAF_CHECK_EQUAL(feed(splitter, "three\n"), std::vector<std::string>{"three"});
}

CAF_TEST(memory is bounded by a frame and an append) {
  constexpr size_t frame = 100'000;
  constexpr size_t piece = 1'000;
  frame_splitter splitter{frame};
  const std::string bytes(piece, 'x');
  while (!splitter.too_long()) {
    splitter.append(bytes.data(), bytes.size());
    CAF_CHECK(splitter.capacity() <= frame + piece + 64);
    drain(splitter);
  }
}

CAF_TEST(memory is given back after a long line) {
  constexpr size_t frame = 1'048'576;
  frame_splitter splitter{frame};
  const auto lines = feed(splitter, std::string(frame - 1, 'x') + "\nbeginning of the next");
  CAF_CHECK_EQUAL(lines.size(), 1u);
  CAF_CHECK(splitter.capacity() < 1'000);
  CAF_CHECK_EQUAL(feed(splitter, " line\n"), std::vector<std::string>{"beginning of the next line"});
}
