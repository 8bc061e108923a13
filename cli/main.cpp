#include "cli/console.hpp"
#include "cli/program.hpp"
#include "config/known_variables.hpp"
#include "config/paths.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <exception>

using namespace cafbus;

namespace {

/// A program that is started with a standard descriptor closed would get a socket or a file in its place. Standard
/// input is opened for writing and the others for reading, so that using them fails instead of reading or
/// writing nothing.
void open_standard_descriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    while (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) >= 0)
      ; // the lowest free number is taken, which is `fd`
}

} // namespace

int main(int argc, char** argv) {
  open_standard_descriptors();
  for (int x : {SIGPIPE, SIGXFSZ}) // a reader that is gone, or a file at its limit, is an error of write()
    ::signal(x, SIG_IGN);
  try {
    auto chosen = parse_command_line({argv + 1, argv + argc});
    if (!chosen)
      return complain(exit_code::usage, chosen.error().text);
    for (const auto& unknown : explain_unknown_variables(process_variables()))
      say("warning: " + unknown);
    return (*chosen)();
  } catch (const std::exception& e) {
    return complain(exit_code::failed, e.what());
  }
}
