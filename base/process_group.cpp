#include "base/process_group.hpp"

#include "base/unique_fd.hpp"

#include <dirent.h>
#include <fcntl.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace cafbus {

namespace {

struct closing {
  void operator()(DIR* x) const noexcept { ::closedir(x); }
};

/// Whether that process is running and belongs to the group. /proc/PID/stat: "PID (NAME) STATE PARENT GROUP ...",
/// where NAME may contain anything.
bool runs_in(const char* number, pid_t group) {
  std::array<char, 512> buffer;
  std::snprintf(buffer.data(), buffer.size(), "/proc/%s/stat", number);
  unique_fd fd{::open(buffer.data(), O_RDONLY | O_CLOEXEC)};
  auto n = fd ? ::read(fd.get(), buffer.data(), buffer.size() - 1) : 0;
  if (n <= 0)
    return false; // it has just ended
  buffer[static_cast<size_t>(n)] = '\0';
  std::string_view text{buffer.data(), static_cast<size_t>(n)};
  auto end_of_name = text.rfind(')');
  if (end_of_name == std::string_view::npos || end_of_name + 4 >= text.size())
    return false;
  const char* state = text.data() + end_of_name + 2;
  char* end = nullptr;
  std::strtol(state + 1, &end, 10); // its parent
  return *state != 'Z' && *state != 'X' && std::strtol(end, nullptr, 10) == group;
}

} // namespace

size_t others_in_group(pid_t leader) {
  std::unique_ptr<DIR, closing> processes{::opendir("/proc")};
  size_t result = 0;
  for (const dirent* x = processes ? ::readdir(processes.get()) : nullptr; x != nullptr; x = ::readdir(processes.get()))
    if (x->d_name[0] >= '1' && x->d_name[0] <= '9' && std::atol(x->d_name) != leader && runs_in(x->d_name, leader))
      ++result;
  return result;
}

} // namespace cafbus
