#include "io/daemon/libsystemd.hpp"

#include <dlfcn.h>
#define SD_JOURNAL_SUPPRESS_LOCATION // it would name this file in each entry
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

#include <string>

namespace cafbus {

namespace {

/// @tparam Function Its type as the header of libsystemd declares it.
template <class Function>
bool find_symbol(void* library, const char* name, Function*& to) {
  to = reinterpret_cast<Function*>(::dlsym(library, name));
  return to != nullptr;
}

result<systemd_calls> load() {
  auto unusable = [] {
    const char* why = ::dlerror();
    return failure{failure_kind::unavailable, std::string{"cannot use libsystemd: "} + (why ? why : "unknown error")};
  };
  auto* library = ::dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL); // for ever
  if (library == nullptr)
    return unusable();
  systemd_calls result;
  auto complete = find_symbol<decltype(sd_journal_sendv)>(library, "sd_journal_sendv", result.journal_sendv) &&
                  find_symbol<decltype(sd_notify)>(library, "sd_notify", result.notify) &&
                  find_symbol<decltype(sd_watchdog_enabled)>(library, "sd_watchdog_enabled", result.watchdog_enabled) &&
                  find_symbol<decltype(sd_listen_fds)>(library, "sd_listen_fds", result.listen_fds);
  if (!complete)
    return unusable();
  return result;
}

} // namespace

bool has_systemd() {
  return true;
}

result<systemd_calls> load_systemd() {
  static const auto loaded = load();
  return loaded;
}

} // namespace cafbus
