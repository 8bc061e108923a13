#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/helper_program.hpp"
#include "cli/option_flags.hpp"

#include <CLI/CLI.hpp>

#include <memory>

// The gateway is a program of its own, with needs of its own. This one only finds it and becomes it. The files of
// secrets are passed on by their names, so that no secret stands in a list of processes.

namespace cafbus {

namespace {

struct http_flags {
  option_flags common;
  std::string listen;
  std::vector<std::string> allow_hosts;
  std::string token_file;
  std::string github_secret_file;
  bool github_unsigned = false;
  bool no_spawn = false;
  std::string log_level;
  std::string log_format;
};

std::vector<std::string> to_arguments(const http_flags& flags, const app_paths& paths, const std::string& self) {
  const auto app = paths.dir.rfind('/');
  std::vector<std::string> x{"cafbus-http", "socket=" + paths.socket, "base=" + paths.dir.substr(0, app),
                             "app=" + paths.dir.substr(app + 1)};
  if (!flags.no_spawn)
    x.push_back("starter=" + self);
  if (!flags.listen.empty())
    x.push_back("listen=" + flags.listen);
  for (const auto& host : flags.allow_hosts)
    x.push_back("allow-host=" + host);
  if (!flags.token_file.empty())
    x.push_back("token-file=" + flags.token_file);
  if (!flags.github_secret_file.empty())
    x.push_back("github-secret-file=" + flags.github_secret_file);
  if (!flags.log_level.empty())
    x.push_back("log-level=" + flags.log_level);
  if (!flags.log_format.empty())
    x.push_back("log-format=" + flags.log_format);
  if (flags.github_unsigned)
    x.emplace_back("github-unsigned=yes");
  return x;
}

int run_http(const http_flags& flags) {
  auto paths = flags.common.locate();
  if (!paths)
    return complain(exit_code::usage, paths.error().text);
  auto self = own_program();
  auto program = find_helper(self, "cafbus-http");
  if (program.empty())
    return complain(exit_code::failed, "the program cafbus-http is neither beside " + self +
                                           " nor in ../libexec/cafbus; to get it, install "
                                           "libboost1.81-dev, and build cafbus again");
  return become(program, to_arguments(flags, *paths, self));
}

constexpr const char* http_footer = "Serves a page at /, and\n"
                                    "  GET  /events?types=a,b.*  events as they come (server-sent events)\n"
                                    "  POST /publish             JSON lines, as `cafbus publish` reads them\n"
                                    "  POST /hooks/github        webhooks, as events github.EVENT.ACTION\n"
                                    "  GET  /status /metrics /healthz\n"
                                    "and prints its address on standard output once it listens. It is a client of the\n"
                                    "bus like any other, and starts a bus when a request needs it. gateway/README.md\n"
                                    "describes requests, answers and limits.\n"
                                    "\n"
                                    "Access: processes of this user and of root, and this page; with --token-file,\n"
                                    "only requests with that token. Publishing from a page, and any address that\n"
                                    "other machines can reach, need a token. A webhook only needs its signature. A\n"
                                    "file with a secret has it in its first line, and only its owner can read it.\n"
                                    "\n"
                                    "Exit codes: 0 ended by a signal; 1 cannot listen, or is not built; 2 wrong\n"
                                    "usage.\n"
                                    "\n"
                                    "Examples:\n"
                                    "  cafbus http &\n"
                                    "  curl -N 'http://127.0.0.1:8470/events?types=github.>'\n"
                                    "  (umask 077; openssl rand -hex 20 > secret)\n"
                                    "  cafbus http --listen 127.0.0.1:9000 --github-secret-file secret";

} // namespace

void add_http(CLI::App& program, command& chosen) {
  auto* sub = program.add_subcommand("http", "Serve events, publishing, webhooks, metrics and a page over HTTP");
  auto flags = std::make_shared<http_flags>();
  flags->common.add_to(*sub, false);
  sub->add_option("--listen", flags->listen, "Address to listen at; port 0: any free port (default 127.0.0.1:8470)")
      ->type_name("ADDRESS:PORT");
  sub->add_option("--allow-host", flags->allow_hosts,
                  "Host name without port that requests may use, besides localhost and addresses; can be "
                  "repeated")
      ->type_name("NAME")
      ->allow_extra_args(false);
  sub->add_option("--token-file", flags->token_file, "File with the token that requests need")->type_name("FILE");
  sub->add_option("--github-secret-file", flags->github_secret_file,
                  "File with the secret of the webhooks' signatures; without it, webhooks are refused")
      ->type_name("FILE");
  sub->add_flag("--github-unsigned", flags->github_unsigned,
                "Accept webhooks without a signature, by the rules of /publish");
  sub->add_flag("--no-spawn", flags->no_spawn, "Never start a bus");
  sub->add_option("--log-level", flags->log_level,
                  "How much is logged to standard error: debug, info, warn, error or off (default info)")
      ->type_name("LEVEL");
  sub->add_option("--log-format", flags->log_format, "How lines are written: text or json (default text)")
      ->type_name("FORMAT");
  sub->footer(std::string{http_footer} + "\n\n" + spawn_note);
  sub->callback([flags, &chosen] { chosen = [flags] { return run_http(*flags); }; });
}

} // namespace cafbus
