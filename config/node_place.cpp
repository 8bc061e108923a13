#include "config/node_place.hpp"

#include <sys/un.h>

namespace cafbus {

namespace {

constexpr size_t longest_socket_path = sizeof(sockaddr_un::sun_path) - 1;

} // namespace

result<node_place> parse_node_place(std::string_view text) {
  constexpr std::string_view unix_prefix = "unix:";
  node_place result;
  if (text.starts_with(unix_prefix)) {
    result.path = text.substr(unix_prefix.size());
    if (result.path.empty() || result.path.find('\0') != std::string::npos)
      return failure{failure_kind::invalid, "unix: needs the path of a socket"};
    if (result.path.size() > longest_socket_path)
      return failure{failure_kind::invalid, "a socket path has at most " + std::to_string(longest_socket_path) +
                                                " characters, this one has " + std::to_string(result.path.size())};
    return result;
  }
  const auto at = text.rfind('@');
  if (at != text.npos) {
    result.name = text.substr(0, at);
    if (result.name.empty())
      return failure{failure_kind::invalid, "there is no name before the @; write NAME@HOST:PORT"};
    text.remove_prefix(at + 1);
  }
  auto where = parse_host_port(text);
  if (!where)
    return std::move(where).error();
  result.where = std::move(*where);
  if (result.name.empty())
    result.name = result.where.host;
  return result;
}

} // namespace cafbus
