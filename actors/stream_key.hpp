#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace cafbus {

struct stream_key_view {
  uint64_t node;
  std::string_view type;
};

/// A stream (messages/stream_list.hpp): the bus where its events enter, and their type.
struct stream_key {
  uint64_t node;
  std::string type;
  operator stream_key_view() const noexcept { return {node, type}; }
};

struct stream_key_hash {
  using is_transparent = void;
  size_t operator()(stream_key_view x) const noexcept {
    return std::hash<std::string_view>{}(x.type) ^ (std::hash<uint64_t>{}(x.node) * 0x9e3779b97f4a7c15U);
  }
};

struct stream_key_equal {
  using is_transparent = void;
  bool operator()(stream_key_view a, stream_key_view b) const noexcept { return a.node == b.node && a.type == b.type; }
};

/// Looked up by a `stream_key_view`, so that an event's stream is found without a copy of its type.
template <class T>
using stream_map = std::unordered_map<stream_key, T, stream_key_hash, stream_key_equal>;

} // namespace cafbus
