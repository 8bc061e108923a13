#pragma once
#include <string_view>
#include <vector>

namespace cafbus {

/// A line as `frame_splitter` hands it out: 64 readable bytes follow, of content that would fool a careless parser.
/// It lies at the end of its allocation, so that a sanitizer sees any further read.
class padded_line {
public:
  explicit padded_line(std::string_view text) : bytes_(text.begin(), text.end()), size_{text.size()} {
    bytes_.insert(bytes_.end(), 64, '}');
    bytes_.shrink_to_fit();
  }

  operator std::string_view() const { return {bytes_.data(), size_}; }

private:
  std::vector<char> bytes_;
  size_t size_;
};

} // namespace cafbus
