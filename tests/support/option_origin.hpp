#pragma once
#include "config/options.hpp"

namespace cafbus::test {

/// Where the value of a known option came from.
inline origin origin_of(const loaded_options& x, std::string_view name) {
  return x.origins[static_cast<size_t>(find_option(name) - option_table().data())];
}

} // namespace cafbus::test
