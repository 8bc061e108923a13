#pragma once
#include "config/link_rights.hpp"
#include "messages/actors.hpp"

#include <map>
#include <string_view>
#include <utility>

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

  /// What a consumer wants. @param via One path for each type, then one for each pattern; empty: it is a consumer of
  /// this bus. All must outlive this.
  void add(const std::vector<std::string>& types, const std::vector<std::string>& patterns,
           const std::vector<node_path>& via);

  /// The names in alphabetical order, so that equal interests are equal values.
  node_interest finish() const;

private:
  uint64_t self_;
  uint64_t peer_;
  using name = std::pair<std::string_view, bool>; // whether it is a pattern

  void add_one(name what, const node_path& path);

  node_path none_;
  std::map<name, const node_path*> shortest_;
};

/// What is left of an interest where only some types are admitted; of a pattern those of them that it stands for.
node_interest narrowed(node_interest x, const type_filter& admitted);

} // namespace cafbus
