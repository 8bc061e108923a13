#include "config/literal_path.hpp"

#include <sys/stat.h>

#include <cctype>

// A name may have any of these characters: `$1`, an apostrophe. So what exists is never refused, and of what does not
// exist only what a shell would have replaced.

namespace cafbus {

namespace {

bool is_there(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

bool has_pair(const std::string& path, char quote) {
  const auto first = path.find(quote);
  return first != std::string::npos && path.find(quote, first + 1) != std::string::npos;
}

bool names_variable(const std::string& path) {
  for (auto at = path.find('$'); at != std::string::npos; at = path.find('$', at + 1)) {
    const auto next = at + 1 < path.size() ? path[at + 1] : '\0';
    if (next == '{' || next == '_' || std::isalpha(static_cast<unsigned char>(next)) != 0)
      return true;
  }
  return false;
}

/// The way out for what only a shell replaces.
constexpr const char* write_whole =
    "write the whole path; on a command line, a shell replaces $HOME in double quotes, but none reads a config file";

} // namespace

result<void> check_literal_path(const std::string& path) {
  auto wrong = [](std::string text) { return failure{failure_kind::invalid, std::move(text)}; };
  if (path.empty() || is_there(path))
    return {};
  if (has_pair(path, '"') || has_pair(path, '\''))
    return wrong("quotes around a path, or a part of it, would belong to its name; leave them out");
  if (path.front() == '~')
    return wrong(std::string{"'~' is not expanded here; "} + write_whole);
  if (names_variable(path))
    return wrong(std::string{"variables are not expanded here; "} + write_whole);
  return {};
}

} // namespace cafbus
