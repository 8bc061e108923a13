#include "actors/import_link.hpp"

#include "actors/interest_builder.hpp"
#include "config/link_limits.hpp"

namespace cafbus {

void import_service::note_asked(const node_interest& x) {
  if (asked.size() + asked_patterns.size() + x.types.size() > 2 * defaults::max_node_types) {
    asked.clear(); // long gone; what is still on its way of those ends the link, which then comes again
    asked_patterns.clear();
    index = {};
  }
  for (size_t i = 0; i < x.types.size(); ++i)
    if (!is_pattern(x, i))
      asked.insert(x.types[i]);
    else if (asked_patterns.insert(x.types[i]).second)
      index.add(x.types[i], {});
}

bool import_service::was_asked(const std::string& type) const {
  return asked.contains(type) || index.matches(type);
}

limited_interest limited(node_interest wanted, const type_filter& may_publish) {
  auto x = narrowed(std::move(wanted), may_publish);
  limited_interest result;
  size_t bytes = 0;
  for (size_t i = 0; i < x.types.size(); ++i) {
    bytes += link_interest_bytes(x.types[i], x.via[i]);
    if (bytes > defaults::max_link_interest_bytes - sizeof(uint32_t) ||
        result.wanted.types.size() == defaults::max_node_types) {
      ++result.left_out;
      continue;
    }
    result.wanted.types.push_back(std::move(x.types[i]));
    result.wanted.via.push_back(std::move(x.via[i]));
    result.wanted.is_pattern.push_back(is_pattern(x, i));
  }
  return result;
}

} // namespace cafbus
