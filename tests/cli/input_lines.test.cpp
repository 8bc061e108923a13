#include "cli/input_lines.hpp"

#include "config/defaults.hpp"

#include <string>
#include <utility>
#include <vector>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

CAF_TEST(lines are numbered and one that is too long is passed over) {
  constexpr auto limit = defaults::max_frame_bytes;
  auto input = "a\n" + std::string(limit - 1, 'b') + "\n" + std::string(limit, 'c') + "\r\nd\n\n" +
               std::string(3 * limit, 'e') + "\nf\r\ng";
  for (size_t piece : {size_t{1'000}, size_t{65'535}, size_t{65'536}}) {
    std::vector<std::pair<uint64_t, size_t>> lines;
    std::vector<uint64_t> too_long;
    input_lines reader{[&](uint64_t n, std::string_view line) { lines.emplace_back(n, line.size()); },
                       [&](uint64_t n) { too_long.push_back(n); }};
    for (size_t i = 0; i < input.size(); i += piece)
      reader.append(std::string_view{input}.substr(i, piece));
    reader.finish();
    auto expected = std::vector<std::pair<uint64_t, size_t>>{{1, 1}, {2, limit - 1}, {4, 1}, {5, 0}, {7, 1}, {8, 1}};
    CAF_CHECK(lines == expected);
    CAF_CHECK_EQUAL(too_long, (std::vector<uint64_t>{3, 6}));
  }
}
