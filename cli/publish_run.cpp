#include "cli/publish_run.hpp"

#include "base/text_encoding.hpp"
#include "base/utf8.hpp"
#include "cli/console.hpp"
#include "cli/consumer_wait.hpp"
#include "cli/line_fault.hpp"
#include "config/defaults.hpp"

#include <nlohmann/json.hpp>

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace cafbus {

namespace {

using namespace std::chrono_literals;

constexpr int connect_tries = 5;
/// Longest time without any progress at the end: longer than a bus that is alive may wait for a consumer.
constexpr auto patience = defaults::max_block_time + 10s;
/// Bytes that wait for the bus before no more input is read.
constexpr size_t max_pending = 256 * 1'024;
/// Faults that are described; those that follow are only counted.
constexpr uint64_t faults_told = 20;

std::string text_of(const failure& x) {
  if (x.kind == failure_kind::stopping)
    return "the bus said bye" + (x.text.empty() ? "" : ": " + x.text);
  return x.kind == failure_kind::refused ? "the bus reports: " + x.text : x.text;
}

/// `timed_out` is for a consumer that does not come.
failure_kind kind_of(const failure& x) {
  return x.kind == failure_kind::timed_out ? failure_kind::unavailable : x.kind;
}

/// Bytes that are still to be read; nothing if that is unknown.
std::optional<uint64_t> bytes_in(int fd) {
  struct stat info {};
  auto at = ::lseek(fd, 0, SEEK_CUR);
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || at < 0 || at >= info.st_size)
    return std::nullopt;
  return static_cast<uint64_t>(info.st_size - at);
}

/// The event type in a `publish` frame.
std::string type_in(std::string_view frame) {
  auto parsed = nlohmann::json::parse(frame, nullptr, false);
  return parsed.is_object() ? parsed.value("event_type", std::string{}) : std::string{};
}

} // namespace

publish_run::publish_run(publish_request request, unique_fd input)
  : request_(std::move(request)), lines_(request_.type, request_.content), input_(std::move(input)),
    reader_([this](uint64_t n, std::string_view line) { on_line(n, line); },
            [this](uint64_t n) { fault(n, "longer than " + std::to_string(defaults::max_frame_bytes) + " bytes"); }),
    progress_(::isatty(input_.get()) != 0 ? -1 : STDERR_FILENO), // who types sees what is read
    bytes_(bytes_in(input_.get())) {}

publish_outcome publish_run::run() {
  // The bus wants a connection's first frame soon, and the first line may take long: so first it is only made sure
  // that there is a bus, and the connection is made when there is something to say.
  if (request_.wait_for_consumer && !request_.type.empty())
    await(request_.type);
  else if (!request_.wait_for_consumer) // else the first event says who is waited for
    find();
  if (!outcome_.trouble)
    publish_all();
  progress_.erase();
  outcome_.totals = bus_ ? bus_->totals() : publish_ack{};
  check_counts();
  outcome_.totals.rejected += faults_; // so that the totals add up to the lines
  outcome_.last_answered = sent_.last_answered();
  outcome_.first_unanswered = sent_.first_unanswered();
  return outcome_;
}

void publish_run::check_counts() {
  if (request_.require_consumer && outcome_.totals.accepted != 0 && !outcome_.totals.unmatched)
    fail(failure_kind::refused, "--require-consumer: this bus does not report whether events reached a consumer; it is "
                                "of another make or version");
}

void publish_run::fail(failure_kind kind, std::string text) {
  if (!outcome_.trouble)
    outcome_.trouble = failure{kind, std::move(text)};
}

void publish_run::find() {
  auto found = reach_bus(request_.paths, request_.policy, ask_for_life);
  if (!found && found.error().kind == failure_kind::not_found)
    fail(failure_kind::not_found, not_running_text(request_.paths.dir, request_.paths.socket));
  else if (!found)
    fail(kind_of(found.error()), found.error().text);
  else if (found->started)
    tell_of_others(request_.paths);
}

void publish_run::await(const std::string& event_type) {
  if (auto came = await_consumer(request_.paths, request_.policy, event_type, deadline{*request_.wait_for_consumer});
      !came)
    outcome_.trouble = came.error();
  request_.wait_for_consumer.reset();
}

/// The bus that was found may have ended since, being idle; then it is found, or started, again.
void publish_run::connect() {
  for (int tries = 0; tries < connect_tries && !outcome_.trouble; ++tries) {
    auto connected = client::connect(request_.paths.socket, connect_timeout);
    if (connected) {
      bus_.emplace(std::move(*connected));
      bus_->wait_for_room(request_.wait_for_room);
      return;
    }
    if (connected.error().kind == failure_kind::not_found)
      find();
    else
      fail(kind_of(connected.error()), connected.error().text);
  }
  fail(failure_kind::closed, "the bus at " + request_.paths.socket +
                                 " ended each time before it could be used; its log says why: " + request_.paths.log);
}

void publish_run::publish_all() {
  while (!at_end_ && !outcome_.trouble) {
    std::array<pollfd, 2> items{};
    items[0] = {pending() < max_pending ? input_.get() : -1, POLLIN, 0};
    items[1] = {bus_ ? bus_->bus().fd() : -1, static_cast<short>(POLLIN | (pending() != 0 ? POLLOUT : 0)), 0};
    if (::poll(items.data(), items.size(), progress_.wait_ms()) < 0 && errno != EINTR)
      return fail(failure_kind::system, errno_failure("cannot wait for input").text);
    if (items[0].revents != 0)
      read_input();
    step();
    if (progress_.due())
      show_progress();
  }
  if (!outcome_.trouble && bus_) {
    if (auto finished = bus_->finish(patience); !finished)
      fail(kind_of(finished.error()), text_of(finished.error()));
    count_answers();
  }
}

void publish_run::read_input() {
  std::array<char, 64 * 1'024> buffer;
  auto n = ::read(input_.get(), buffer.data(), buffer.size());
  if (n > 0) {
    std::string_view bytes{buffer.data(), static_cast<size_t>(n)};
    if (std::exchange(at_start_, false))
      if (auto why = explain_encoding(bytes); !why.empty())
        return fail(failure_kind::invalid, "cannot read " + request_.input + ": " + why);
    bytes_read_ += bytes.size();
    reader_.append(bytes);
  } else if (n == 0) {
    reader_.finish();
    at_end_ = true;
  } else if (errno != EINTR && errno != EAGAIN) {
    outcome_.trouble = errno_failure("cannot read " + request_.input);
  }
}

bool publish_run::input_is_ready() const {
  pollfd item{input_.get(), POLLIN, 0};
  return ::poll(&item, 1, 0) > 0;
}

void publish_run::step() {
  if (outcome_.trouble || !bus_)
    return;
  auto stepped = bus_->step();
  count_answers();
  // a bus that has answered for everything may go if nothing more was to come
  while (!stepped && bus_->settled() && !at_end_ && input_is_ready())
    read_input();
  if (!stepped && !(bus_->settled() && at_end_))
    fail(kind_of(stepped.error()), text_of(stepped.error()));
}

void publish_run::on_line(uint64_t number, std::string_view line) {
  lines_read_ = number;
  if (outcome_.trouble)
    return;
  auto frame = lines_.to_frame(number == 1 ? without_bom(line) : line);
  if (frame.empty()) {
    if (!lines_.error().empty())
      fault(number, line_fault(lines_.error(), line));
    return;
  }
  if (request_.wait_for_consumer)
    await(type_in(frame));
  if (!bus_ && !outcome_.trouble)
    connect();
  if (bus_) {
    bus_->queue(frame);
    sent_.add(number);
  }
}

void publish_run::fault(uint64_t number, const std::string& what) {
  lines_read_ = number;
  progress_.erase();
  if (++faults_ <= faults_told)
    say("line " + std::to_string(number) + ": " + what);
  else if (faults_ == faults_told + 1)
    say("further faulty lines are only counted");
}

void publish_run::show_progress() {
  auto answered = bus_ ? bus_->totals().accepted + bus_->totals().duplicates + bus_->totals().rejected : 0;
  auto percent = bytes_ ? static_cast<int>(std::min<uint64_t>(bytes_read_ * 100 / *bytes_, 100)) : -1;
  progress_.show(publish_progress(answered, lines_read_, percent));
}

void publish_run::count_answers() {
  auto x = bus_->totals();
  sent_.answered(x.accepted + x.duplicates + x.rejected);
}

} // namespace cafbus
