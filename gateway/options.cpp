#include "gateway/options.hpp"

#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "config/quoted.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace cafbus::http {

namespace {

constexpr size_t min_secret_bytes = 16;
constexpr size_t max_secret_bytes = 4'096;
constexpr size_t max_host_bytes = 253;

failure wrong(std::string text) {
  return {failure_kind::invalid, std::move(text)};
}

bool is_loopback(const std::string& host) {
  in_addr v4{};
  in6_addr v6{};
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1)
    return (ntohl(v4.s_addr) >> 24) == 127;
  return ::inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

result<void> set_listen(gateway_options& x, const std::string& value) {
  auto any_port = value.ends_with(":0"); // which is no port to call, but one to listen at
  auto parsed = parse_host_port(any_port ? value.substr(0, value.size() - 1) + '1' : value);
  if (!parsed)
    return wrong("--listen: " + parsed.error().text);
  x.listen = *parsed;
  if (any_port)
    x.listen.port = 0;
  if (x.listen.host == "localhost")
    x.listen.host = "127.0.0.1";
  if (!is_address(x.listen.host))
    return wrong("--listen: '" + x.listen.host +
                 "' is not an address of this machine; write 127.0.0.1, [::1] or another");
  x.loopback = is_loopback(x.listen.host);
  return {};
}

result<void> set_secret(std::string& secret, const char* flag, const std::string& path) {
  auto content = read_secret(path);
  if (!content)
    return wrong(std::string{flag} + ": " + content.error().text);
  secret = std::move(*content);
  return {};
}

bool is_host_name(std::string_view text) {
  return !text.empty() && text.size() <= max_host_bytes && text.front() != '.' && text.find("..") == text.npos &&
         std::ranges::all_of(
             text, [](unsigned char c) { return c < 128 && (std::isalnum(c) || c == '-' || c == '.' || c == '_'); });
}

/// The name in "https://name:port/path", if that is how it was written.
std::string_view name_within(std::string_view text) {
  if (auto scheme = text.find("://"); scheme != text.npos)
    text.remove_prefix(scheme + 3);
  return text.substr(0, text.find_first_of(":/?#"));
}

/// Requests are compared by name, without the port: anything else would never match.
result<void> add_host(gateway_options& x, std::string value) {
  if (!is_host_name(value)) {
    auto name = name_within(value);
    return wrong(
        "--allow-host: " + log::quoted(value, 64) + " is not a host name of ASCII letters, digits, '-', '_' and '.', " +
        "at most " + std::to_string(max_host_bytes) + " bytes; write it without scheme, port and path, as " +
        std::string{is_host_name(name) ? name : "bus.example.org"} + "; addresses and localhost need no --allow-host");
  }
  std::ranges::transform(value, value.begin(), [](unsigned char c) { return std::tolower(c); });
  x.allow_hosts.push_back(std::move(value));
  return {};
}

/// A header carries no control character, so a token with one would never match.
result<void> set_token(gateway_options& x, const std::string& path) {
  if (auto set = set_secret(x.token, "--token-file", path); !set)
    return set;
  if (std::ranges::any_of(x.token, [](unsigned char c) { return c < 32 || c == 127; }))
    return wrong("--token-file: the token in " + path + " has a control character, which no header can carry");
  return {};
}

result<void> set_one(gateway_options& x, const std::string& name, std::string value) {
  if (name == "listen")
    return set_listen(x, value);
  if (name == "token-file")
    return set_token(x, value);
  if (name == "github-secret-file")
    return set_secret(x.github_secret, "--github-secret-file", value);
  if (name == "github-unsigned") {
    x.github_unsigned = value == "yes";
    return {};
  }
  if (name == "log-level") {
    auto level = parse_log_level(value);
    if (!level)
      return wrong("--log-level: " + level.error().text);
    x.level = *level;
    return {};
  }
  if (name == "log-format") {
    auto found = std::ranges::find(log::format_words, value);
    if (found == log::format_words.end())
      return wrong("--log-format: it is text or json");
    x.format = static_cast<log::format>(found - log::format_words.begin());
    return {};
  }
  if (name == "allow-host")
    return add_host(x, std::move(value));
  for (auto [known, member] :
       {std::pair{"socket", &x.socket}, {"starter", &x.starter}, {"base", &x.base}, {"app", &x.app}})
    if (name == known) {
      *member = std::move(value);
      return {};
    }
  return wrong("there is no option '" + name + "'");
}

} // namespace

bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> room{};
  return ::inet_pton(AF_INET, host.c_str(), room.data()) == 1 || ::inet_pton(AF_INET6, host.c_str(), room.data()) == 1;
}

result<std::string> read_secret(const std::string& path) {
  unique_fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)};
  if (!fd)
    return errno_failure("cannot read " + path);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode))
    return wrong(path + " is not a file");
  if ((info.st_mode & 077) != 0)
    return wrong(path + " can be read or written by others; run: chmod 600 " + path);
  std::array<char, max_secret_bytes + 1> buffer{};
  auto n = ::read(fd.get(), buffer.data(), buffer.size());
  if (n < 0)
    return errno_failure("cannot read " + path);
  std::string_view content{buffer.data(), static_cast<size_t>(n)};
  content = trimmed(content.substr(0, content.find('\n')));
  if (content.size() < min_secret_bytes || content.size() > max_secret_bytes)
    return wrong(path + " must hold a secret of " + std::to_string(min_secret_bytes) + " to " +
                 std::to_string(max_secret_bytes) + " bytes in its first line");
  return std::string{content};
}

result<gateway_options> parse_options(const std::vector<std::string>& arguments) {
  gateway_options x;
  for (const auto& argument : arguments) {
    auto equals = argument.find('=');
    if (equals == std::string::npos)
      return wrong("'" + argument + "' is not NAME=VALUE; this program is started by `cafbus http`");
    if (auto set = set_one(x, argument.substr(0, equals), argument.substr(equals + 1)); !set)
      return set.error();
  }
  if (x.socket.empty())
    return wrong("this program is started by `cafbus http`");
  if (x.github_unsigned && !x.github_secret.empty())
    return wrong("--github-unsigned and --github-secret-file exclude each other");
  if (!x.loopback && x.token.empty())
    return wrong("--listen: " + x.listen.host + " can be reached from other machines; that needs --token-file");
  return x;
}

} // namespace cafbus::http
