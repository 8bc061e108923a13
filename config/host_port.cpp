#include "config/host_port.hpp"

#include "config/quoted.hpp"

#include <charconv>

namespace cafbus {

result<host_port> parse_host_port(std::string_view text) {
  auto complaint = [&](const char* why) { return failure{failure_kind::invalid, log::quoted(text) + ' ' + why}; };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return complaint("has no port; write HOST:PORT");
  auto host = text.substr(0, colon);
  const auto digits = text.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos)
    return complaint("has an IPv6 address that is not in brackets; write [ADDRESS]:PORT");
  if (host.empty() || host.find_first_of(std::string_view{"[] \t\n\0", 6}) != std::string_view::npos)
    return complaint("has no host; write HOST:PORT");
  uint16_t port = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (failed != std::errc{} || end != digits.data() + digits.size() || port == 0)
    return complaint("has no port between 1 and 65535");
  return host_port{std::string{host}, port};
}

} // namespace cafbus
