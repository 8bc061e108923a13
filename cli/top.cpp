#include "base/signals.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/option_flags.hpp"
#include "cli/status_poller.hpp"
#include "cli/top_terminal.hpp"
#include "config/duration.hpp"

#include <CLI/CLI.hpp>

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <clocale>
#include <csignal>
#include <memory>

namespace cafbus {

namespace {

using namespace std::chrono_literals;
using top_clock = top_view::clock;

constexpr std::chrono::nanoseconds shortest_interval = 100ms, longest_interval = 1h;

struct top_flags {
  option_flags common;
  std::string interval = "1s";
  std::string sort = "trouble";
  std::string filter;
};

std::optional<top_order> order_of(const std::string& word) {
  for (size_t i = 0; i < top_orders; ++i)
    if (word == to_string(static_cast<top_order>(i)))
      return static_cast<top_order>(i);
  return std::nullopt;
}

/// Keyboard, screen, bus and signals, in one loop on one thread: nothing in it waits for one of them alone.
class top_run {
public:
  top_run(app_paths paths, top_view view, std::chrono::nanoseconds interval)
    : poller_(std::move(paths)), view_(std::move(view)), interval_(interval) {
    auto ours = block_signals({SIGINT, SIGTERM, SIGHUP, SIGWINCH});
    signals_.reset(::signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK));
  }

  int run() {
    auto terminal = top_terminal::open();
    if (!terminal)
      return complain(terminal.error().kind == failure_kind::invalid ? exit_code::usage : exit_code::failed,
                      terminal.error().text);
    while (turn(*terminal)) {
    }
    return exit_code::done;
  }

private:
  /// @returns false at the end.
  bool turn(top_terminal& terminal) {
    if (top_clock::now() >= next_) {
      next_ = top_clock::now() + interval_;
      take(poller_.ask());
    }
    terminal.draw(view_.lines(terminal.width(), terminal.height(), top_clock::now()));
    std::array<pollfd, 3> fds{{{STDIN_FILENO, POLLIN, 0}, {signals_.get(), POLLIN, 0}, {poller_.fd(), POLLIN, 0}}};
    ::poll(fds.data(), fds.size(), poll_ms(next_ - top_clock::now()));
    if (fds[2].revents != 0)
      take(poller_.read());
    return (fds[1].revents == 0 || take_signals(terminal)) && (fds[0].revents == 0 || take_keys(terminal, fds[0]));
  }

  void take(std::optional<instance_view> x) {
    if (!x)
      return;
    if (x->line.empty())
      view_.lose(std::string{to_string(x->state)} + ": " + x->message, top_clock::now());
    else
      view_.take(std::move(x->status), top_clock::now());
  }

  /// @returns false if one of them ends the program.
  bool take_signals(top_terminal& terminal) {
    for (signalfd_siginfo info{}; ::read(signals_.get(), &info, sizeof info) == sizeof info;) {
      if (info.ssi_signo != SIGWINCH)
        return false;
      terminal.measure();
    }
    return true;
  }

  bool take_keys(top_terminal& terminal, const pollfd& keyboard) {
    auto any = false;
    while (auto key = terminal.next_key()) {
      any = true;
      if (!view_.press(*key))
        return false;
    }
    return any || (keyboard.revents & (POLLHUP | POLLERR | POLLNVAL)) == 0; // else the terminal has gone
  }

  status_poller poller_;
  top_view view_;
  std::chrono::nanoseconds interval_;
  unique_fd signals_;
  top_clock::time_point next_; // when the bus is asked again
};

int run_top(const top_flags& flags) {
  auto interval = parse_duration(flags.interval);
  if (!interval)
    return complain(exit_code::usage, "--interval: " + interval.error().text);
  if (*interval < shortest_interval || *interval > longest_interval)
    return complain(exit_code::usage, "--interval: must be between 100ms and 1h");
  auto order = order_of(flags.sort);
  if (!order)
    return complain(exit_code::usage, "--sort: there is no column '" + flags.sort + "'; allowed: " + known_orders());
  auto located = flags.common.locate();
  if (!located)
    return complain(exit_code::usage, located.error().text);
  std::setlocale(LC_CTYPE, ""); // for the widths of characters; NOLINT: no other thread is there
  auto app = located->dir.substr(located->dir.rfind('/') + 1);
  return top_run{std::move(*located), top_view{std::move(app), *order, flags.filter}, *interval}.run();
}

constexpr const char* top_footer = "For each consumer: events per second that came for it (IN/S) and that it took\n"
                                   "(OUT/S), events that wait for it (LAG), events that it lost (DROPS), and why it\n"
                                   "is behind. The worst stand first. Where there is no terminal, use\n"
                                   "`cafbus status --watch`.\n"
                                   "\n"
                                   "Keys: arrows and PgUp/PgDn select a consumer, Enter shows its details, s and S\n"
                                   "sort by another column, r reverses, / filters, p pauses, i describes the bus,\n"
                                   "? lists all keys, q quits.\n"
                                   "\n"
                                   "Exit codes: 0 ended by q or a signal; 1 built without ncurses; 2 wrong usage, or\n"
                                   "not on a terminal.\n"
                                   "\n"
                                   "Examples:\n"
                                   "  cafbus top\n"
                                   "  cafbus top --app shop --interval 5s --sort lag --filter order.";

} // namespace

std::string known_orders() {
  std::string result;
  for (size_t i = 0; i < top_orders; ++i)
    result += (i == 0 ? "" : ", ") + std::string{to_string(static_cast<top_order>(i))};
  return result;
}

void add_top(CLI::App& program, command& chosen) {
  auto* sub = program.add_subcommand("top", "Watch rates, lag and drops of all consumers on the terminal");
  auto flags = std::make_shared<top_flags>();
  flags->common.add_to(*sub, false);
  sub->add_option("--interval", flags->interval, "Time between two looks at the bus (default 1s)")
      ->type_name("DURATION");
  sub->add_option("--sort", flags->sort, "Column to sort by at first: " + known_orders() + " (default trouble)")
      ->type_name("COLUMN");
  sub->add_option("--filter", flags->filter, "Show at first only consumers with this text in pid, key, types or state")
      ->type_name("TEXT");
  sub->footer(top_footer);
  sub->callback([flags, &chosen] { chosen = [flags] { return run_top(*flags); }; });
}

} // namespace cafbus
