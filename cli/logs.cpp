#include "base/shell_word.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/log_reader.hpp"
#include "cli/option_flags.hpp"
#include "config/defaults.hpp"
#include "config/duration.hpp"
#include "io/daemon/journal.hpp"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <chrono>
#include <memory>

namespace cafbus {

namespace {

using namespace std::chrono_literals;

constexpr auto look_again_after = 200ms;
/// Lines before those that are followed, unless told.
constexpr uint64_t lines_before_following = 10;

struct logs_flags {
  option_flags common;
  bool follow = false;
  std::string lines;
};

/// Becomes journalctl. @returns only to say why it does not.
int run_journalctl(const std::string& app, bool follow, std::optional<uint64_t> lines) {
  auto words = journal_command(app, follow, lines);
  std::string text;
  std::vector<char*> arguments;
  for (auto& word : words) {
    text += (text.empty() ? "" : " ") + shell_word(word);
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  say("the log is in the journal: " + text);
  ::execvp(arguments[0], arguments.data());
  return complain(exit_code::failed, errno_failure("cannot run journalctl").text);
}

/// Where else the log of the app may be.
std::string journal_hint(const failure& why, const std::string& app) {
  return why.kind == failure_kind::not_found
             ? "; a bus that systemd runs logs to the journal: journalctl CAFBUS_APP=" + app
             : std::string{};
}

int show_file(const std::string& path, const std::string& app, bool follow, std::optional<uint64_t> lines) {
  log_reader log{path, defaults::log_files_kept};
  auto text = log.so_far(lines);
  if (!text && (!follow || text.error().kind != failure_kind::not_found))
    return complain(exit_code::failed, text.error().text + journal_hint(text.error(), app));
  if (!text)
    say("waiting for " + path);
  auto code = print(text ? *text : std::string{});
  while (follow && code == exit_code::done && wait_while_read(look_again_after)) {
    if (auto more = log.more(); !more.empty())
      code = print(more);
  }
  return code;
}

int run_logs(const logs_flags& flags) {
  std::optional<uint64_t> lines;
  if (!flags.lines.empty()) {
    auto parsed = parse_count(flags.lines);
    if (!parsed)
      return complain(exit_code::usage, "--lines: " + parsed.error().text);
    lines = *parsed;
  } else if (flags.follow) {
    lines = lines_before_following;
  }
  auto loaded = flags.common.load();
  if (!loaded)
    return complain(exit_code::usage, loaded.error().text);
  auto paths = find_app_paths(base_dir(loaded->values.dir, process_environment()), loaded->values.app);
  if (!paths)
    return complain(exit_code::usage, paths.error().text);
  if (loaded->values.log_to == log::place::journal)
    return run_journalctl(loaded->values.app, flags.follow, lines);
  if (loaded->values.log_to == log::place::standard_error && ::access(paths->log.c_str(), F_OK) != 0)
    return complain(exit_code::failed,
                    "log-to = stderr: the log goes to the standard error of the bus, and there is no " + paths->log);
  return show_file(paths->log, loaded->values.app, flags.follow, lines);
}

} // namespace

void add_logs(CLI::App& program, command& chosen) {
  auto* sub = program.add_subcommand("logs", "Print the log of the bus");
  auto flags = std::make_shared<logs_flags>();
  flags->common.add_to(*sub, false);
  sub->add_flag("-f,--follow", flags->follow, "Keep running and print lines as they come, across rotations");
  sub->add_option("-n,--lines", flags->lines, "Print only the last N lines (default: all; with --follow 10)")
      ->type_name("N");
  sub->footer("Rotated files are read, too. The bus need not run. With `log-to = journal` in\n"
              "the environment or the config file, it runs journalctl with the same meaning.\n"
              "\n"
              "Exit codes: 0 success; 1 there is no log; 2 wrong usage; 4 the lines could not\n"
              "be printed.\n"
              "\n"
              "Examples:\n"
              "  cafbus logs --app shop -f\n"
              "  cafbus logs -n 50");
  sub->callback([flags, &chosen] { chosen = [flags] { return run_logs(*flags); }; });
}

} // namespace cafbus
