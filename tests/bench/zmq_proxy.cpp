#include "bench/zmq_proxy.hpp"

#ifdef CAFBUS_ZMQ
#include <zmq.h>
#endif

namespace cafbus::bench {

#ifdef CAFBUS_ZMQ

namespace {

void* bound_socket(void* context, int type, const std::string& path) {
  auto* result = zmq_socket(context, type);
  const int unlimited = 0;
  zmq_setsockopt(result, ZMQ_SNDHWM, &unlimited, sizeof(unlimited));
  zmq_setsockopt(result, ZMQ_RCVHWM, &unlimited, sizeof(unlimited));
  return zmq_bind(result, ("ipc://" + path).c_str()) == 0 ? result : nullptr;
}

} // namespace

bool has_zmq() {
  return true;
}

int run_zmq_proxy(const std::string& dir) {
  auto* context = zmq_ctx_new();
  auto* out = bound_socket(context, ZMQ_XPUB, dir + '/' + zmq_out);
  auto* in = bound_socket(context, ZMQ_XSUB, dir + '/' + zmq_in); // last: who can connect here can do so there
  if (!in || !out)
    return 1;
  return zmq_proxy(in, out, nullptr) == 0 ? 0 : 1;
}

#else

bool has_zmq() {
  return false;
}

int run_zmq_proxy(const std::string&) {
  return 1;
}

#endif

} // namespace cafbus::bench
