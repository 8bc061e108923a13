#include "config/version.hpp"

namespace cafbus {

const char* version() {
  return CAFBUS_VERSION;
}

} // namespace cafbus
