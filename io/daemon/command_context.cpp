#include "io/daemon/command_context.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <unistd.h>

namespace cafbus {

namespace {

constexpr std::array<std::string_view, 21> kept_variables{
    "HOME",     "USER",      "LOGNAME",    "SHELL",         "PATH",         "LANG",          "LANGUAGE",
    "TZ",       "TMPDIR",    "http_proxy", "HTTP_PROXY",    "https_proxy",  "HTTPS_PROXY",   "no_proxy",
    "NO_PROXY", "all_proxy", "ALL_PROXY",  "SSL_CERT_FILE", "SSL_CERT_DIR", "SSH_AUTH_SOCK", "DBUS_SESSION_BUS_ADDRESS",
};
constexpr std::array<std::string_view, 3> kept_prefixes{"LC_", "XDG_", "CAFBUS_"};

bool is_kept(std::string_view variable) {
  auto name = variable.substr(0, variable.find('='));
  return std::ranges::find(kept_variables, name) != kept_variables.end() ||
         std::ranges::any_of(kept_prefixes, [&](auto prefix) { return name.starts_with(prefix); });
}

} // namespace

command_context usual_context(bool on_demand, mode_t umask) {
  command_context result;
  result.umask = umask;
  if (!on_demand)
    return result;
  result.environment.emplace();
  for (auto** x = environ; *x != nullptr; ++x)
    if (is_kept(*x))
      result.environment->emplace_back(*x);
  return result;
}

} // namespace cafbus
