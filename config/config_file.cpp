#include "config/config_file.hpp"

#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "base/utf8.hpp"
#include "config/quoted.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

namespace cafbus {

namespace {

constexpr size_t max_config_bytes = 256 * 1'024;

/// Cuts off a comment, which begins at the start or after a blank: `file:/tmp/a#b` has none.
std::string_view without_comment(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i)
    if (text[i] == '#' && (i == 0 || white_space.find(text[i - 1]) != std::string_view::npos))
      return text.substr(0, i);
  return text;
}

/// The content of a quoted value and nothing but a comment after it; nothing if its quotes or escapes are wrong.
std::optional<std::string> unquote(std::string_view text) {
  std::string result;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      auto rest = text.substr(i + 1);
      return trimmed(without_comment(rest)).empty() ? std::optional{result} : std::nullopt;
    }
    if (text[i] == '\\') {
      if (++i == text.size() || (text[i] != '"' && text[i] != '\\'))
        return std::nullopt;
    }
    result += text[i];
  }
  return std::nullopt;
}

/// All of what `fd` gives. @param path For the error text.
result<std::string> read_all(int fd, const std::string& path) {
  auto failed = [&path](int error) { return errno_failure("cannot read " + path, error); };
  struct stat info {};
  if (::fstat(fd, &info) != 0)
    return failed(errno);
  if (!S_ISREG(info.st_mode) && !S_ISCHR(info.st_mode)) // /dev/null says "no config file"
    return failed(S_ISDIR(info.st_mode) ? EISDIR : EINVAL);
  std::string result;
  while (result.size() <= max_config_bytes) {
    char buffer[16 * 1'024];
    auto n = ::read(fd, buffer, sizeof(buffer));
    if (n == 0)
      return result;
    if (n > 0)
      result.append(buffer, static_cast<size_t>(n));
    else if (errno != EINTR)
      return failed(errno);
  }
  return failed(EFBIG);
}

/// @returns the text, or nothing if there is no such file.
result<std::optional<std::string>> read_file(const std::string& path) {
  unique_fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  if (!fd && (errno == ENOENT || errno == ENOTDIR))
    return std::optional<std::string>{};
  if (!fd)
    return errno_failure("cannot read " + path);
  auto content = read_all(fd.get(), path);
  if (!content)
    return content.error();
  return std::optional{std::move(*content)};
}

/// `key = value`, without comment and white space around it. @param place For the error text.
result<config_entry> parse_line(std::string_view line, size_t number, const std::string& place) {
  auto wrong = [&](const std::string& what) { return failure{failure_kind::invalid, place + ": " + what}; };
  auto equals = line.find('=');
  auto key = trimmed(line.substr(0, equals));
  if (equals == std::string_view::npos || key.empty())
    return wrong(log::quoted(line) + " is not `key = value`");
  auto value = trimmed(line.substr(equals + 1));
  if (!value.starts_with('"'))
    return config_entry{std::string{key}, std::string{trimmed(without_comment(value))}, number};
  auto content = unquote(value);
  if (!content)
    return wrong(std::string{key} + ": the quotes of " + log::quoted(value) +
                 " are wrong; write \"...\", with \\\" and \\\\ for the two special characters");
  return config_entry{std::string{key}, std::move(*content), number};
}

} // namespace

result<std::vector<config_entry>> parse_config(std::string_view text, const std::string& name) {
  if (auto encoding = foreign_encoding(text); !encoding.empty())
    return failure{failure_kind::invalid, name + " is not text in UTF-8 but " + std::string{encoding} +
                                              "; save it as UTF-8 (`iconv -t UTF-8` converts)"};
  text = without_bom(text);
  std::vector<config_entry> result;
  for (size_t number = 1; !text.empty(); ++number) {
    auto end = text.find('\n');
    auto line = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line[0] == '#')
      continue;
    auto entry = parse_line(line, number, name + ':' + std::to_string(number));
    if (!entry)
      return entry.error();
    result.push_back(std::move(*entry));
  }
  return result;
}

result<config_file> read_config(const environment& env) {
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
    auto text = read_file(path);
    if (!text)
      return text.error();
    if (!*text)
      continue;
    auto entries = parse_config(**text, path);
    if (!entries)
      return entries.error();
    return config_file{path, std::move(*entries)};
  }
  if (asked)
    return failure{failure_kind::not_found, "the config file " + *asked + ", named by CAFBUS_CONFIG, does not exist"};
  return config_file{};
}

} // namespace cafbus
