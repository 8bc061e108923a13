#include "cli/commands.hpp"
#include "cli/console.hpp"

#include <CLI/CLI.hpp>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>

using namespace cafbus;

namespace {

/// Programs that are started with a standard descriptor closed would get a socket or a file in its place. Standard
/// output is opened for reading, so that writing to it fails instead of going nowhere.
void open_standard_descriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    while (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY) >= 0)
      ; // the lowest free number is taken, which is `fd`
}

int run(int argc, char** argv) {
  CLI::App program{"cafbus: one upstream connection, any number of local consumers", "cafbus"};
  program.require_subcommand(1);
  program.footer("Every option can also be set as CAFBUS_... in the environment, or in $CAFBUS_CONFIG, "
                 "~/.config/cafbus/cafbus.conf or /etc/cafbus.conf; a flag beats the environment beats the file.\n"
                 "Exit codes: 0 done as asked, 1 failed, 2 wrong usage or refused, 3 the bus ended under a consumer.");
  command chosen;
  add_serve(program, chosen);
  add_consume(program, chosen);
  add_publish(program, chosen);
  add_start(program, chosen);
  add_status(program, chosen);
  add_stop(program, chosen);
  add_version(program, chosen);
  if (argc < 2) {
    std::fputs(program.help().c_str(), stderr);
    return exit_code::usage;
  }
  // CLI11 would say that a command is required, not that this one does not exist
  auto known = program.get_subcommands([](CLI::App*) { return true; });
  if (argv[1][0] != '-' && std::ranges::none_of(known, [argv](CLI::App* x) { return x->get_name() == argv[1]; }))
    return complain(exit_code::usage, "there is no command " + std::string{argv[1]} + "; `cafbus --help` lists them");
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return program.exit(e) == 0 ? exit_code::done : exit_code::usage; // --help is such an "error", too
  }
  return chosen ? chosen() : exit_code::usage;
}

} // namespace

int main(int argc, char** argv) {
  open_standard_descriptors();
  for (int x : {SIGPIPE, SIGXFSZ}) // a reader that is gone, or a file at its limit, is an error of write()
    ::signal(x, SIG_IGN);
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    return complain(exit_code::failed, e.what());
  }
}
