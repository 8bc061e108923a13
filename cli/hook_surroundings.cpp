#include "cli/hook_surroundings.hpp"

#include "base/utf8.hpp"
#include "config/defaults.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <map>
#include <string_view>

namespace cafbus {

namespace {

/// Names that a warning shows; those that follow are only counted.
constexpr size_t names_shown = 5;

struct named_size {
  std::string name;
  size_t bytes = 0;
};

/// As the bus counts it: NAME=VALUE and its end.
size_t size_in_memory(const std::string& name, const std::string& value) {
  return name.size() + value.size() + 2;
}

result<void> check_size(const std::map<std::string, std::string>& environment) {
  size_t bytes = 0;
  named_size largest;
  for (const auto& [name, value] : environment) {
    auto size = size_in_memory(name, value);
    bytes += size;
    if (size > largest.bytes)
      largest = {name, size};
  }
  if (bytes <= defaults::max_hook_env_bytes)
    return {};
  return failure{failure_kind::invalid,
                 "the environment has " + std::to_string(bytes) + " bytes, and --on-first and --on-last get at most " +
                     std::to_string(defaults::max_hook_env_bytes) + "; the largest variable is " + largest.name +
                     " with " + std::to_string(largest.bytes) + " bytes: `env -u " + largest.name +
                     " cafbus consume ...` runs without it"};
}

std::string warn_of(const std::vector<std::string>& names) {
  std::string result = "warning: --on-first and --on-last run without these variables, which are not UTF-8: ";
  for (size_t i = 0; i < names.size() && i < names_shown; ++i)
    result += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > names_shown)
    result += " and " + std::to_string(names.size() - names_shown) + " more";
  return result;
}

/// Empty if there is none that can be named.
std::string current_folder() {
  std::array<char, PATH_MAX> buffer;
  if (::getcwd(buffer.data(), buffer.size()) == nullptr || buffer[0] != '/' || !is_utf8(buffer.data()))
    return {};
  return buffer.data();
}

uint32_t current_umask() {
  auto result = ::umask(077);
  ::umask(result);
  return result;
}

} // namespace

result<std::vector<std::string>> add_hook_surroundings(hello& x, const char* const* environment) {
  std::vector<std::string> warnings;
  std::vector<std::string> left_out;
  for (; *environment != nullptr; ++environment) {
    std::string_view variable{*environment};
    auto name = std::string{variable.substr(0, variable.find('='))};
    if (name.empty() || name.size() == variable.size())
      continue; // no shell could name it
    if (is_utf8(variable))
      x.hook_env.emplace(std::move(name), variable.substr(variable.find('=') + 1));
    else
      left_out.push_back(std::move(name));
  }
  if (auto checked = check_size(x.hook_env); !checked)
    return checked.error();
  if (!left_out.empty())
    warnings.push_back(warn_of(left_out));
  x.hook_dir = current_folder();
  if (x.hook_dir.empty())
    warnings.emplace_back("warning: the current folder is gone, or its path is too long or not UTF-8; --on-first and "
                          "--on-last run in the folder of the bus");
  if (x.hook_env.empty()) // that would mean the bus's own, and every shell sets this one by itself
    x.hook_env.emplace("PWD", x.hook_dir.empty() ? "/" : x.hook_dir);
  x.hook_umask = current_umask();
  return warnings;
}

hello without_hook_surroundings(hello x) {
  x.hook_env.clear();
  x.hook_dir.clear();
  x.hook_umask.reset();
  return x;
}

} // namespace cafbus
