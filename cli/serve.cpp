#include "base/unique_fd.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/serve_checks.hpp"
#include "config/duration.hpp"
#include "io/daemon/daemon.hpp"
#include "io/daemon/init_process.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace cafbus {

namespace {

/// One line for the starter that waits for it; it does not matter if the starter has gone.
void tell(unique_fd& starter, const std::string& line) {
  if (starter) [[maybe_unused]]
    auto written = ::write(starter.get(), line.data(), line.size());
  starter.reset();
}

/// For somebody who looks at a terminal and wonders.
std::string end_text(std::chrono::nanoseconds idle_timeout) {
  if (idle_timeout.count() == 0)
    return "runs until Ctrl-C or `cafbus stop`";
  return "ends after " + to_text(idle_timeout) +
         " without a consumer, on Ctrl-C, or by `cafbus stop`; --idle-timeout never keeps it running";
}

} // namespace

int run_serve(const serve_options& options, const option_reader& reread) {
  if (auto code = reap_as_process_one())
    return *code;
  auto quiet =
      options.log_to == log::place::standard_error; // the log says it, and nothing else should stand between its lines
  auto serving = [&](const std::string& socket) {
    if (quiet)
      return;
    say("serving socket=" + socket);
    if (auto paths = find_app_paths(base_dir(options.dir, process_environment()), options.app))
      tell_of_others(*paths);
    if (::isatty(STDERR_FILENO) == 1)
      say(end_text(options.bus.idle_timeout));
  };
  auto outcome = run_daemon(options, serving, reread);
  if (!outcome || !quiet)
    say(outcome ? "stopped: " + *outcome : "failed: " + outcome.error().text);
  return outcome ? exit_code::done : exit_code::failed;
}

int run_on_demand(const result<loaded_options>& options, const option_reader& reread, int ready_fd) {
  unique_fd starter{ready_fd};
  ::fcntl(ready_fd, F_SETFD, FD_CLOEXEC);
  ::prctl(PR_SET_NAME, "cafbus"); // the kernel has named us "exe", after /proc/self/exe
  if (!options) {
    tell(starter, options.error().text);
    return exit_code::usage;
  }
  if (auto good = check_serve_options(*options, true); !good) {
    tell(starter, good.error().text);
    return exit_code::usage;
  }
  auto outcome = run_daemon(
      options->values, [&](const std::string&) { tell(starter, "ready\n"); }, reread, true);
  tell(starter, outcome ? *outcome : outcome.error().text);
  return outcome ? exit_code::done : exit_code::failed;
}

} // namespace cafbus
