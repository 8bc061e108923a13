#include "config/source_path.hpp"

#include <filesystem>

namespace cafbus {

std::string with_absolute_path(std::string_view source, const std::string& folder) {
  constexpr std::string_view prefix = "file:";
  auto path = source.substr(source.starts_with(prefix) ? prefix.size() : source.size());
  if (path.empty() || path.front() == '/' || path.front() == '~') // the last is refused where it is opened
    return std::string{source};
  return std::string{prefix} + (std::filesystem::path{folder} / path).lexically_normal().string();
}

std::string with_absolute_paths(std::string_view sources, const std::string& folder) {
  std::string result;
  for (;;) {
    auto end = sources.find('\n');
    result += with_absolute_path(sources.substr(0, end), folder);
    if (end == std::string_view::npos)
      return result;
    result += '\n';
    sources.remove_prefix(end + 1);
  }
}

} // namespace cafbus
