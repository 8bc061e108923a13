#pragma once
#include "base/result.hpp"
#include "config/host_port.hpp"
#include "gateway/gateway_log.hpp"

#include <string>
#include <vector>

namespace cafbus::http {

/// What the gateway was told. `cafbus http` has the flags and their help; this program takes them as `name=value`.
struct gateway_options {
  std::string socket;  ///< Of the bus.
  std::string starter; ///< The program `cafbus`, which starts a bus; empty: never start one.
  std::string base;    ///< For `cafbus start --dir`.
  std::string app;
  host_port listen{"127.0.0.1", 8470};  ///< An address; port 0: any free one.
  bool loopback = true;                 ///< Whether `listen` can be reached from this machine only.
  std::vector<std::string> allow_hosts; ///< Names that a Host header may have beside the address, in lower case.
  std::string token;                    ///< Bearer token; empty: none is asked for.
  std::string github_secret;            ///< Empty: no webhooks, unless unsigned ones are taken.
  bool github_unsigned = false;         ///< Take webhooks as they come.
  log_level level = log_level::info;
  log::format format = log::format::text;
};

/// Whether it is an IPv4 or IPv6 address, without port and brackets.
bool is_address(const std::string& host);

/// Understands the arguments, and reads the files that they name.
result<gateway_options> parse_options(const std::vector<std::string>& arguments);

/// The content of a file that holds a secret: its first line, 16 bytes at least. Refuses a file that others can read.
result<std::string> read_secret(const std::string& path);

} // namespace cafbus::http
