#pragma once
#include "messages/actors.hpp"

#include <string_view>
#include <unordered_map>

namespace cafbus {

/// What one bus asks of another, put together from what its consumers, and the buses that take events from it, want.
///
/// Each type carries the path on which the wish came. A wish whose path already goes through the bus that is asked is
/// left out, and so is one that went through this bus: in a ring of buses a wish would else keep itself alive after the
/// consumer that had it is gone. Of several paths the shortest counts.
class interest_builder {
public:
  /// @param self This bus. @param peer The bus that is asked.
  interest_builder(uint64_t self, uint64_t peer) : self_{self}, peer_{peer} {}

  /// A consumer's types. @param via One path for each; empty: it is a consumer of this bus. Both must outlive this.
  void add(const std::vector<std::string>& types, const std::vector<node_path>& via);

  /// The types in alphabetical order, so that equal interests are equal values.
  node_interest finish() const;

private:
  uint64_t self_;
  uint64_t peer_;
  node_path none_;
  std::unordered_map<std::string_view, const node_path*> shortest_;
};

} // namespace cafbus
