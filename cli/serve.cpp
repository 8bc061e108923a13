#include "cli/commands.hpp"
#include "io/daemon.hpp"

#include <fmt/core.h>

namespace cafbus {

int run_serve(const serve_options& options, const option_reader& reread) {
  auto serving = [](const std::string& socket) { fmt::print(stderr, "[cafbus] serving socket={}\n", socket); };
  auto outcome = run_daemon(options, serving, reread);
  fmt::print(stderr, "[cafbus] {}: {}\n", outcome.failed ? "failed" : "stopped", outcome.reason);
  return outcome.failed ? exit_code::failed : exit_code::done;
}

} // namespace cafbus
