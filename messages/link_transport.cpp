#include "messages/link_transport.hpp"

#include <array>
#include <cstddef>

namespace cafbus {

const char* to_string(link_transport x) noexcept {
  static constexpr std::array names{"", "tls", "unix", "plain", "caf"};
  static_assert(names.size() == static_cast<size_t>(link_transport::caf) + 1);
  return names[static_cast<size_t>(x)];
}

} // namespace cafbus
