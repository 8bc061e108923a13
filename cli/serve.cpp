#include "base/unique_fd.hpp"
#include "cli/commands.hpp"
#include "io/daemon/daemon.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/prctl.h>

namespace cafbus {

namespace {

/// One line for the starter that waits for it; a starter that is gone is nobody's loss.
void tell(unique_fd& starter, const std::string& line) {
  if (starter) [[maybe_unused]]
    auto written = ::write(starter.get(), line.data(), line.size());
  starter.reset();
}

} // namespace

int run_serve(const serve_options& options, const option_reader& reread) {
  auto serving = [](const std::string& socket) { fmt::print(stderr, "[cafbus] serving socket={}\n", socket); };
  auto outcome = run_daemon(options, serving, reread);
  fmt::print(stderr, "[cafbus] {}: {}\n", outcome.failed ? "failed" : "stopped", outcome.reason);
  return outcome.failed ? exit_code::failed : exit_code::done;
}

int run_on_demand(const std::variant<serve_options, std::string>& options, const option_reader& reread, int ready_fd) {
  unique_fd starter{ready_fd};
  ::fcntl(ready_fd, F_SETFD, FD_CLOEXEC);
  ::prctl(PR_SET_NAME, "cafbus"); // the kernel has named us "exe", after /proc/self/exe
  if (auto* error = std::get_if<std::string>(&options)) {
    tell(starter, *error);
    return exit_code::usage;
  }
  auto outcome = run_daemon(
      std::get<serve_options>(options), [&](const std::string&) { tell(starter, "ready\n"); }, reread, true);
  tell(starter, outcome.reason);
  return outcome.failed ? exit_code::failed : exit_code::done;
}

} // namespace cafbus
