#include "io/daemon/libsystemd.hpp"

namespace cafbus {

bool has_systemd() {
  return false;
}

result<systemd_calls> load_systemd() {
  return failure{failure_kind::unavailable, "this program was built without libsystemd"};
}

} // namespace cafbus
