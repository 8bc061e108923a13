#pragma once
#include "messages/type_pattern.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

namespace cafbus {

/// Which subscribers want which event types by pattern: a tree of tokens, so that a search costs no more than the
/// patterns that begin as the type does.
///
/// Invariant: each node but the root leads to a subscriber.
class pattern_index {
public:
  using subscriber = uint32_t;

  bool empty() const noexcept { return size_ == 0; }

  /// @pre check_pattern(pattern), and the subscriber does not have it yet
  void add(std::string_view pattern, subscriber id);

  /// @pre it was added
  void remove(std::string_view pattern, subscriber id);

  /// Appends the subscribers of this type; a subscriber with two matching patterns is appended twice.
  void find(std::string_view type, std::vector<subscriber>& result) const;

  /// Whether it has a pattern of this type.
  bool matches(std::string_view type) const;

private:
  struct text_hash {
    using is_transparent = void;
    size_t operator()(std::string_view x) const noexcept { return std::hash<std::string_view>{}(x); }
  };
  struct node {
    uint32_t parent = 0;
    std::string token; // that leads here from the parent; "*": any
    std::unordered_map<std::string, uint32_t, text_hash, std::equal_to<>> next;
    std::vector<subscriber> here; // of patterns that end here
    std::vector<subscriber> rest; // of patterns that continue with ">"
  };

  uint32_t child(uint32_t parent, std::string_view token);
  void drop_if_unused(uint32_t id);

  std::vector<node> nodes_ = std::vector<node>(1); // the first one is the root
  std::vector<uint32_t> free_;
  size_t size_ = 0;
};

} // namespace cafbus
