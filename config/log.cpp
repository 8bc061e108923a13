#include "config/log.hpp"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <vector>

// A component's logger is one of two: a silent one, for programs that never ask for a log, and which costs neither a
// thread nor a queue; or an asynchronous one. A call of `hub()` reads which it is from an atomic pointer, so switching
// is safe from any thread. Loggers are never freed: another thread may be inside one at any time, even at exit.

namespace cafbus::log {

namespace {

constexpr size_t components = 8;
constexpr std::array<const char*, components> names{"bus", "hub", "conn", "lock", "session", "link", "source", "group"};
/// Lines that wait for the disk before the oldest is lost. spdlog keeps room for all of them: about 400 bytes each.
constexpr size_t queued_lines = 1'024;
constexpr const char* time_pattern = "%Y-%m-%dT%H:%M:%S.%e%z";

/// Hands lines from spdlog to an output.
class output_sink final : public spdlog::sinks::base_sink<std::mutex> {
public:
  explicit output_sink(std::shared_ptr<output> where)
    : base_sink(
          std::make_unique<spdlog::pattern_formatter>(time_pattern, spdlog::pattern_time_type::local, std::string{})),
      where_(std::move(where)) {}

  result<void> open() {
    std::lock_guard guard{mutex_};
    return where_->open();
  }

protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    auto view = [](spdlog::string_view_t x) { return std::string_view{x.data(), x.size()}; };
    spdlog::memory_buf_t time;
    formatter_->format(message, time);
    where_->write({{time.data(), time.size()},
                   view(spdlog::level::to_string_view(message.level)),
                   view(message.logger_name),
                   view(message.payload)});
  }

  void flush_() override {} // nothing is held back

private:
  std::shared_ptr<output> where_;
};

struct log_state {
  std::mutex mutex; // guards all but `current`
  std::array<std::atomic<spdlog::logger*>, components> current{};
  std::array<spdlog::logger*, components> silent{};
  std::vector<std::shared_ptr<spdlog::logger>> all; // for ever
  std::shared_ptr<spdlog::details::thread_pool> writer;
  std::shared_ptr<output_sink> sink; // set iff `writer` is

  log_state() {
    for (size_t i = 0; i < components; ++i) {
      auto x = std::make_shared<spdlog::logger>(names[i]);
      x->set_level(spdlog::level::off);
      silent[i] = x.get();
      current[i] = x.get();
      all.push_back(std::move(x));
    }
  }

  void silence() {
    for (size_t i = 0; i < components; ++i)
      if (auto* x = current[i].exchange(silent[i]); x != silent[i])
        x->set_level(spdlog::level::off);
    writer.reset(); // writes what is queued, then joins the thread
    sink.reset();
  }
};

log_state& state() {
  static auto& result = *new log_state; // outlives every static object that may log in its destructor
  return result;
}

spdlog::logger& component(size_t index) {
  return *state().current[index].load(std::memory_order_acquire);
}

std::optional<spdlog::level::level_enum> to_level(std::string_view text) {
  using namespace spdlog::level;
  constexpr std::array<std::pair<std::string_view, level_enum>, 6> table{
      {{"trace", trace}, {"debug", debug}, {"info", info}, {"warn", warn}, {"error", err}, {"off", off}}};
  for (const auto& [name, value] : table)
    if (name == text)
      return value;
  return std::nullopt;
}

/// A thread that takes no signal: another thread waits for them.
std::shared_ptr<spdlog::details::thread_pool> start_writer() {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::shared_ptr<spdlog::details::thread_pool> result;
  try {
    result = std::make_shared<spdlog::details::thread_pool>(queued_lines, 1);
  } catch (const std::exception&) {
    // no thread to be had: the caller sees null
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return result;
}

} // namespace

spdlog::logger& bus() {
  return component(0);
}
spdlog::logger& hub() {
  return component(1);
}
spdlog::logger& conn() {
  return component(2);
}
spdlog::logger& lock() {
  return component(3);
}
spdlog::logger& session() {
  return component(4);
}
spdlog::logger& link() {
  return component(5);
}
spdlog::logger& source() {
  return component(6);
}
spdlog::logger& group() {
  return component(7);
}

result<void> to(const std::shared_ptr<output>& where, std::string_view level) {
  auto wanted = to_level(level);
  if (!wanted)
    return failure{failure_kind::invalid,
                   quoted(level) + " is not a log level; use trace, debug, info, warn, error or off"};
  try {
    auto sink = std::make_shared<output_sink>(where);
    if (auto opened = sink->open(); !opened)
      return opened;
    auto& s = state();
    std::lock_guard guard{s.mutex};
    s.silence();
    s.writer = start_writer();
    if (!s.writer)
      return failure{failure_kind::unavailable, "cannot start the log's thread"};
    s.sink = sink;
    for (size_t i = 0; i < components; ++i) {
      auto x = std::make_shared<spdlog::async_logger>(names[i], sink, s.writer,
                                                      spdlog::async_overflow_policy::overrun_oldest);
      x->set_level(*wanted);
      x->set_error_handler([](const std::string&) {}); // a line that cannot be logged is lost, not printed
      s.all.push_back(x);
      s.current[i].store(x.get(), std::memory_order_release);
    }
    return {};
  } catch (const std::exception& e) {
    return failure{failure_kind::unavailable, std::string{"cannot log: "} + e.what()};
  }
}

result<void> to_file(const std::string& path, std::string_view level, format how) {
  return to(file_output(path, how), level);
}

result<void> reopen() {
  auto& s = state();
  std::lock_guard guard{s.mutex};
  return s.sink ? s.sink->open() : result<void>{};
}

bool set_level(std::string_view level) {
  auto wanted = to_level(level);
  if (!wanted)
    return false;
  auto& s = state();
  std::lock_guard guard{s.mutex};
  for (size_t i = 0; i < components; ++i)
    if (auto* x = s.current[i].load(); x != s.silent[i])
      x->set_level(*wanted);
  return true;
}

void shut_down() {
  auto& s = state();
  std::lock_guard guard{s.mutex};
  s.silence();
}

} // namespace cafbus::log
