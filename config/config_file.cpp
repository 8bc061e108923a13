#include "config/config_file.hpp"

#include "config/log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <system_error>

namespace cafbus {

namespace {

constexpr size_t max_config_bytes = 256 * 1'024;
constexpr std::string_view blanks = " \t\r";

std::string_view trim(std::string_view text) {
  auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// Cuts off a comment, which begins at the start or after a blank: `file:/tmp/a#b` has none.
std::string_view without_comment(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i)
    if (text[i] == '#' && (i == 0 || blanks.find(text[i - 1]) != std::string_view::npos))
      return text.substr(0, i);
  return text;
}

/// The content of a quoted value and nothing but a comment after it; nothing if its quotes or escapes are wrong.
std::optional<std::string> unquote(std::string_view text) {
  std::string result;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      auto rest = text.substr(i + 1);
      return trim(without_comment(rest)).empty() ? std::optional{result} : std::nullopt;
    }
    if (text[i] == '\\') {
      if (++i == text.size() || (text[i] != '"' && text[i] != '\\'))
        return std::nullopt;
    }
    result += text[i];
  }
  return std::nullopt;
}

/// @returns the text, or nothing if there is no such file, or an error.
std::variant<std::optional<std::string>, std::string> read_file(const std::string& path) {
  auto failed = [&path](int code) { return "cannot read " + path + ": " + std::system_category().message(code); };
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) {
    if (errno == ENOENT || errno == ENOTDIR)
      return std::optional<std::string>{};
    return failed(errno);
  }
  std::string result;
  struct stat info {};
  int code = ::fstat(fd, &info) == 0 ? 0 : errno;
  if (code == 0 && !S_ISREG(info.st_mode) && !S_ISCHR(info.st_mode)) // /dev/null says "no config file"
    code = S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
  while (code == 0 && result.size() <= max_config_bytes) {
    char buffer[16 * 1'024];
    auto n = ::read(fd, buffer, sizeof(buffer));
    if (n == 0)
      break;
    if (n > 0)
      result.append(buffer, static_cast<size_t>(n));
    else if (errno != EINTR)
      code = errno;
  }
  ::close(fd);
  if (code == 0 && result.size() > max_config_bytes)
    code = EFBIG;
  if (code != 0)
    return failed(code);
  return std::optional{std::move(result)};
}

} // namespace

std::variant<std::vector<config_entry>, std::string> parse_config(std::string_view text, const std::string& name) {
  std::vector<config_entry> result;
  size_t number = 0;
  while (!text.empty()) {
    auto end = text.find('\n');
    auto line = trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++number;
    if (line.empty() || line[0] == '#')
      continue;
    auto place = name + ':' + std::to_string(number) + ": ";
    auto equals = line.find('=');
    auto key = trim(line.substr(0, equals));
    if (equals == std::string_view::npos || key.empty())
      return place + log::quoted(line) + " is not `key = value`";
    auto value = trim(line.substr(equals + 1));
    if (value.starts_with('"')) {
      auto content = unquote(value);
      if (!content)
        return place + std::string{key} + ": the quotes of " + log::quoted(value) +
               " are wrong; write \"...\", with \\\" and \\\\ for the two special characters";
      result.push_back({std::string{key}, std::move(*content), number});
    } else {
      result.push_back({std::string{key}, std::string{trim(without_comment(value))}, number});
    }
  }
  return result;
}

std::variant<config_file, std::string> read_config(const environment& env) {
  auto asked = env("CAFBUS_CONFIG");
  std::vector<std::string> places;
  if (asked) {
    places.push_back(*asked);
  } else {
    if (auto xdg = env("XDG_CONFIG_HOME"); xdg && xdg->starts_with('/'))
      places.push_back(*xdg + "/cafbus/cafbus.conf");
    else if (auto home = env("HOME"))
      places.push_back(*home + "/.config/cafbus/cafbus.conf");
    places.push_back("/etc/cafbus.conf");
  }
  for (const auto& path : places) {
    auto content = read_file(path);
    if (auto* error = std::get_if<std::string>(&content))
      return std::move(*error);
    const auto& text = std::get<0>(content);
    if (!text)
      continue;
    auto entries = parse_config(*text, path);
    if (auto* error = std::get_if<std::string>(&entries))
      return std::move(*error);
    return config_file{path, std::move(std::get<0>(entries))};
  }
  if (asked)
    return "the config file " + *asked + ", named by CAFBUS_CONFIG, does not exist";
  return config_file{};
}

} // namespace cafbus
