#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/input_lines.hpp"
#include "cli/sent_lines.hpp"
#include "cli/settings.hpp"
#include "io/client/publish_lines.hpp"
#include "io/client/publisher.hpp"
#include "io/daemon/starter.hpp"

#include <CLI/CLI.hpp>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <system_error>

namespace cafbus {

namespace {

using namespace std::chrono_literals;

constexpr int connect_tries = 5;
/// Longest time without any progress at the end: longer than any stall of a bus that is alive.
constexpr auto patience = 10s;
/// Bytes that wait for the bus before no more input is read.
constexpr size_t max_pending = 256 * 1'024;
/// Faults that are described; those that follow are only counted.
constexpr uint64_t faults_told = 20;

struct publish_flags {
  settings common;
  bool no_spawn = false;
  std::string type;
  std::string input = "-";
};

std::string text_of(const failure& x) {
  if (x.kind == failure_kind::stopping)
    return "the bus said bye" + (x.text.empty() ? "" : ": " + x.text);
  return x.kind == failure_kind::refused ? "the bus reports: " + x.text : x.text;
}

/// One run: reads input, publishes it, and counts what was wrong with it.
class publish_run {
public:
  publish_run(app_paths paths, spawn_policy policy, std::string type, unique_fd input)
    : paths_(std::move(paths)), policy_(policy), lines_(std::move(type)), input_(std::move(input)),
      reader_([this](uint64_t n, std::string_view line) { on_line(n, line); },
              [this](uint64_t n) { fault(n, "longer than " + std::to_string(defaults::max_frame_bytes) + " bytes"); }) {
  }

  int run() {
    if (!lines_.type_error().empty())
      return complain(exit_code::usage, "--type: " + lines_.type_error());
    // The bus wants a connection's first frame soon, and the first line may take long: so first it is only made sure
    // that there is a bus, and the connection is made when there is something to say.
    if (auto failure = find())
      return complain(exit_code::failed, *failure);
    auto failure = publish_all();
    report();
    if (failure) {
      explain_unanswered();
      return complain(exit_code::failed, *failure);
    }
    return faults_ == 0 && totals().rejected == 0 ? exit_code::done : exit_code::failed;
  }

private:
  std::optional<std::string> find() const {
    auto found = reach_bus(paths_, policy_, ask_for_life);
    if (found)
      return std::nullopt;
    return found.error().kind == failure_kind::not_found ? not_running_text(paths_.dir, paths_.socket)
                                                         : found.error().text;
  }

  /// The bus that was found may have ended since, being idle; then it is found, or started, again.
  std::optional<std::string> connect() {
    for (int tries = 0; tries < connect_tries; ++tries) {
      auto connected = client::connect(paths_.socket, connect_timeout);
      if (connected) {
        bus_.emplace(std::move(*connected));
        return std::nullopt;
      }
      if (connected.error().kind != failure_kind::not_found)
        return connected.error().text;
      if (auto error = find())
        return error;
    }
    return "the bus at " + paths_.socket + " has ended each time before it could be used; see " + paths_.log;
  }

  std::optional<std::string> publish_all() {
    while (!at_end_ && !failure_) {
      std::array<pollfd, 2> items{};
      items[0] = {pending() < max_pending ? input_.get() : -1, POLLIN, 0};
      items[1] = {bus_ ? bus_->bus().fd() : -1, static_cast<short>(POLLIN | (pending() != 0 ? POLLOUT : 0)), 0};
      if (::poll(items.data(), items.size(), -1) < 0 && errno != EINTR)
        return "cannot wait for input: " + std::system_category().message(errno);
      if (items[0].revents != 0)
        read_input();
      step();
    }
    if (!failure_ && bus_) {
      if (auto finished = bus_->finish(patience); !finished)
        failure_ = text_of(finished.error());
      count_answers();
    }
    return failure_;
  }

  void read_input() {
    std::array<char, 64 * 1'024> buffer;
    auto n = ::read(input_.get(), buffer.data(), buffer.size());
    if (n > 0) {
      reader_.append({buffer.data(), static_cast<size_t>(n)});
    } else if (n == 0) {
      reader_.finish();
      at_end_ = true;
    } else if (errno != EINTR && errno != EAGAIN) {
      failure_ = "cannot read the input: " + std::system_category().message(errno);
    }
  }

  bool input_is_ready() const {
    pollfd item{input_.get(), POLLIN, 0};
    return ::poll(&item, 1, 0) > 0;
  }

  void step() {
    if (failure_ || !bus_)
      return;
    auto stepped = bus_->step();
    count_answers();
    // a bus that has answered for everything may go if nothing more was to come
    while (!stepped && bus_->settled() && !at_end_ && input_is_ready())
      read_input();
    if (!stepped && !(bus_->settled() && at_end_))
      failure_ = text_of(stepped.error());
  }

  void on_line(uint64_t number, std::string_view line) {
    if (failure_)
      return;
    auto frame = lines_.to_frame(line);
    if (frame.empty()) {
      if (!lines_.error().empty())
        fault(number, lines_.error());
      return;
    }
    if (!bus_)
      failure_ = connect();
    if (bus_) {
      bus_->queue(frame);
      sent_.add(number);
    }
  }

  void fault(uint64_t number, const std::string& what) {
    if (++faults_ <= faults_told)
      say("line " + std::to_string(number) + ": " + what);
    else if (faults_ == faults_told + 1)
      say("more lines are wrong; they are only counted");
  }

  /// What was refused here counts as what is refused by the bus, so that the totals add up to the lines.
  void report() const {
    auto x = totals();
    say("published: accepted=" + std::to_string(x.accepted) + " duplicates=" + std::to_string(x.duplicates) +
        " rejected=" + std::to_string(x.rejected + faults_));
  }

  void count_answers() {
    auto x = totals();
    sent_.answered(x.accepted + x.duplicates + x.rejected);
  }

  /// Where to go on after a failure.
  void explain_unanswered() const {
    auto next = sent_.first_unanswered();
    auto last = sent_.last_answered();
    if (last != 0)
      say("the bus has answered for all up to line " + std::to_string(last));
    if (next != 0)
      say("whether it has taken what came from line " + std::to_string(next) +
          " on is unknown; publish again from there: those that have an event_id and were taken then count as "
          "duplicates");
  }

  publish_ack totals() const { return bus_ ? bus_->totals() : publish_ack{}; }
  size_t pending() const { return bus_ ? bus_->pending() : 0; }

  app_paths paths_;
  spawn_policy policy_;
  publish_lines lines_;
  unique_fd input_;
  input_lines reader_;
  std::optional<publisher> bus_;
  sent_lines sent_;
  std::optional<std::string> failure_;
  uint64_t faults_ = 0;
  bool at_end_ = false;
};

int run_publish(const publish_flags& flags) {
  auto located = flags.common.locate();
  if (!located)
    return complain(exit_code::usage, located.error().text);
  unique_fd input{flags.input == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                     : ::open(flags.input.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)};
  if (!input)
    return complain(exit_code::usage, "cannot read " + flags.input + ": " + std::system_category().message(errno));
  return publish_run{*located, flags.no_spawn ? spawn_policy::never : spawn_policy::on_demand, flags.type,
                     std::move(input)}
      .run();
}

} // namespace

void add_publish(CLI::App& program, command& chosen) {
  auto* sub = program.add_subcommand("publish", "Publish events, one JSON value a line");
  auto flags = std::make_shared<publish_flags>();
  flags->common.add_to(*sub, false);
  auto* type = sub->add_option("--type", flags->type,
                               "Each line is the payload of an event of this type; without it, each line is "
                               R"({"event_type":...,"event_id"?:...,"source_time"?:...,"payload":...})")
                   ->type_name("TYPE");
  sub->add_option("FILE", flags->input, "Where the lines come from; - is standard input")->capture_default_str();
  sub->add_flag("--no-spawn", flags->no_spawn, "Fail if there is no bus, instead of starting one");
  sub->footer(
      std::string{} +
      "Ends when the bus has answered for every line, and prints: published: accepted=N duplicates=N rejected=N.\n"
      "A line that is no event, or longer than 1 MiB, is named, counted as rejected and passed over; blank lines\n"
      "are passed over. Exit codes: 0 all taken or known already, 1 some were rejected or the bus failed (then it\n"
      "says from which line on to publish again), 2 wrong usage.\n"
      "\n"
      "Examples:\n"
      "  echo '{\"text\":\"hello\"}' | cafbus publish --type im.message\n"
      "  cafbus publish events.ndjson\n\n" +
      std::string{spawn_note});
  sub->callback([flags, type, &chosen] {
    chosen = [flags, has_type = type->count() != 0] {
      if (has_type && flags->type.empty())
        return complain(exit_code::usage, "--type: its value must not be empty");
      return run_publish(*flags);
    };
  });
}

} // namespace cafbus
