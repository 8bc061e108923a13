#include "cli/helper_program.hpp"

#include "base/result.hpp"
#include "base/spawn.hpp"
#include "cli/console.hpp"

#include <unistd.h>

#include <filesystem>
#include <system_error>

namespace cafbus {

std::string own_program() {
  std::error_code unknown;
  return std::filesystem::read_symlink("/proc/self/exe", unknown).string();
}

std::string find_helper(const std::string& self, const std::string& name) {
  auto folder = self.substr(0, self.rfind('/') + 1);
  for (const auto& place : {name, "../libexec/cafbus/" + name})
    if (auto path = folder + place; ::access(path.c_str(), X_OK) == 0)
      return path;
  return {};
}

int become(const std::string& program, std::vector<std::string> arguments) {
  auto pointers = as_pointers(arguments);
  ::execv(program.c_str(), pointers.data());
  return complain(exit_code::failed, errno_failure("cannot run " + program).text);
}

} // namespace cafbus
