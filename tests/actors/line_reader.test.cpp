#include "actors/line_reader.hpp"

#include "config/defaults.hpp"
#include "support/failing_memory.hpp"
#include "support/scripted_parts.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/send.hpp>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <new>
#include <optional>
#include <poll.h>

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

/// What actors leave for the test's thread, which waits for it at most so long.
template <class T>
class inbox {
public:
  void put(T x) {
    std::lock_guard guard{mutex_};
    items_.push_back(std::move(x));
    filled_.notify_one();
  }
  T take() {
    std::unique_lock guard{mutex_};
    if (!filled_.wait_for(guard, 20s, [this] { return !items_.empty(); }))
      CAF_FAIL("waited in vain");
    auto result = std::move(items_.front());
    items_.pop_front();
    return result;
  }
  bool empty() {
    std::lock_guard guard{mutex_};
    return items_.empty();
  }

private:
  std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<T> items_;
};

/// Hands out the steps that it was given, then waits for the stop.
class scripted_input final : public line_input {
public:
  struct scripted {
    input_step::kind what;
    std::string text;
  };
  explicit scripted_input(std::deque<scripted> script) : line_input{*wakeup::make()}, script_{std::move(script)} {}

  input_step next(std::span<char> buffer) override {
    if (script_.empty()) {
      pollfd x{stop_.fd(), POLLIN, 0};
      ::poll(&x, 1, -1);
      return {input_step::kind::stopped, 0, {}, "stopped"};
    }
    auto x = std::move(script_.front());
    script_.pop_front();
    if (x.what != input_step::kind::bytes)
      return {x.what, 0, source_state::connected, x.text};
    std::memcpy(buffer.data(), x.text.data(), x.text.size());
    return {x.what, x.text.size()};
  }

private:
  std::deque<scripted> script_;
};

/// Finds no memory, and leaves none.
class poor_input final : public line_input {
public:
  poor_input() : line_input{*wakeup::make()} {}

  input_step next(std::span<char>) override {
    test::failing_memory::may_fail_here();
    throw std::bad_alloc{};
  }
};

struct taken {
  std::vector<std::string> payloads;
  uint64_t rejected = 0;
};

struct fixture {
  caf::actor_system_config config;
  caf::actor_system system{config};
  std::shared_ptr<source_watch> watch = std::make_shared<source_watch>();
  hub_actor hub;
  reader_owner_actor owner;
  inbox<taken> batches;
  inbox<reader_state> states;
  inbox<bool> progress;
  inbox<reader_ended> ends;
  command_context context;

  fixture() {
    watch->on_publish = [this](const publish& x) {
      taken result{{}, x.rejected};
      for (size_t i = 0; x.batch && i < x.batch->size(); ++i)
        result.payloads.emplace_back(x.batch->payload(i));
      published answer{result.payloads.size(), 0};
      batches.put(std::move(result));
      return answer;
    };
    hub = system.spawn(watching_hub, watch);
    owner = system.spawn([this]() -> reader_owner_actor::behavior_type {
      return {[this](const reader_state& x) { states.put(x); }, [this](const reader_progress&) { progress.put(true); },
              [this](const reader_ended& x) { ends.put(x); }};
    });
  }

  ~fixture() {
    caf::anon_send_exit(hub, caf::exit_reason::kill);
    caf::anon_send_exit(owner, caf::exit_reason::kill);
  }

  std::shared_ptr<line_input> read(std::shared_ptr<line_input> input, bool tells_progress = false) {
    CAF_REQUIRE(start_line_reader(system, {input, "feed", hub, owner, 7, tells_progress}));
    return input;
  }

  std::shared_ptr<line_input> read(std::deque<scripted_input::scripted> script, bool tells_progress = false) {
    return read(std::make_shared<scripted_input>(std::move(script)), tells_progress);
  }

  std::shared_ptr<line_input> run(const std::string& command) {
    auto opened = open_input({{source_spec::kind::exec, command, "feed", 0s}, 1, {context, {}}});
    if (!opened)
      CAF_FAIL(opened.error().text);
    return read(*opened);
  }

  void expect_batch(const std::vector<std::string>& payloads, uint64_t rejected = 0) {
    auto batch = batches.take();
    CAF_CHECK_EQUAL(batch.payloads, payloads);
    CAF_CHECK_EQUAL(batch.rejected, rejected);
  }

  void expect_end(const std::string& detail, uint64_t events) {
    auto end = ends.take();
    CAF_CHECK_EQUAL(end.epoch, 7u);
    CAF_CHECK_EQUAL(end.detail, detail);
    CAF_CHECK_EQUAL(end.events, events);
    CAF_CHECK(batches.empty());
  }
};

std::string event(const std::string& payload) {
  return R"({"event_type":"k","payload":)" + payload + "}";
}

using enum input_step::kind;

} // namespace

CAF_TEST_FIXTURE_SCOPE(line_reader_tests, fixture)

CAF_TEST(what one read brings travels together) {
  read({{bytes, event("1") + '\n' + event("2") + '\n'}, {bytes, event("3") + '\n'}, {end, "end of input"}});
  expect_batch({"1", "2"});
  expect_batch({"3"});
  expect_end("end of input", 3);
}

CAF_TEST(a reader without memory tells its end as soon as there is some) {
  test::failing_memory failing{1, 1};
  read(std::make_shared<poor_input>());
  expect_end("there is not enough memory", 0);
  CAF_CHECK(failing.has_failed());
}

CAF_TEST(a line waits for its end) {
  auto line = event("1") + '\n';
  read({{bytes, line.substr(0, 5)}, {nothing, ""}, {bytes, line.substr(5)}, {end, "x"}});
  expect_batch({"1"});
  expect_end("x", 1);
}

CAF_TEST(the last line needs no end of line) {
  read({{bytes, event("1")}, {end, "x"}});
  expect_batch({"1"});
  expect_end("x", 1);
}

CAF_TEST(a stop leaves half a line out) {
  auto input = read({{bytes, event("1") + '\n' + event("2")}});
  expect_batch({"1"});
  input->stop();
  expect_end("stopped", 1);
}

CAF_TEST(a cut ends a line) {
  read({{bytes, event("1")}, {cut, ""}, {bytes, event("2") + '\n'}, {end, "x"}});
  expect_batch({"1"});
  expect_batch({"2"});
  expect_end("x", 2);
}

CAF_TEST(a line that was cut and goes on is joined) {
  auto line = event("1");
  read({{bytes, line.substr(0, 9)}, {cut, ""}, {bytes, line.substr(9) + '\n'}, {end, "x"}});
  expect_batch({"1"});
  expect_end("x", 1);
}

CAF_TEST(a line that was cut and does not go on is rejected alone) {
  read({{bytes, event("1").substr(0, 9)}, {cut, ""}, {bytes, event("2") + '\n'}, {end, "x"}});
  expect_batch({"2"}, 1);
  expect_end("x", 1);
}

CAF_TEST(a byte order mark at the start of a file is passed over) {
  read({{bytes, "\xef\xbb\xbf" + event("1") + '\n'},
        {cut, ""},
        {bytes, "\xef\xbb\xbf" + event("2") + '\n'},
        {end, "x"}});
  expect_batch({"1"});
  expect_batch({"2"});
  expect_end("x", 2);
}

CAF_TEST(lines that are no events are counted and skipped) {
  read({{bytes, "nonsense\n\n" + event("1") + "\n{}\n{\"type\":\"hello\"}\n"}, {end, "x"}});
  expect_batch({"1"}, 3);
  expect_end("x", 1);
}

CAF_TEST(lines of nothing but nonsense are counted as well) {
  read({{bytes, "a\nb\n"}, {end, "x"}});
  expect_batch({}, 2);
  expect_end("x", 0);
}

CAF_TEST(a line that is too long is skipped and a cut ends it) {
  std::deque<scripted_input::scripted> script;
  for (size_t i = 0; i < defaults::max_frame_bytes / 50'000 + 2; ++i)
    script.push_back({bytes, std::string(50'000, 'x')});
  script.push_back({cut, ""});
  script.push_back({bytes, event("1") + '\n'});
  script.push_back({end, "x"});
  read(script);
  expect_batch({}, 1);
  expect_batch({"1"});
  expect_end("x", 1);
}

CAF_TEST(states are passed on) {
  read({{state, "a text"}, {end, "x"}});
  auto x = states.take();
  CAF_CHECK_EQUAL(x.epoch, 7u);
  CAF_CHECK(x.state == source_state::connected);
  CAF_CHECK_EQUAL(x.detail, "a text");
  expect_end("x", 0);
}

CAF_TEST(progress is told if it is asked for and only of events) {
  read({{bytes, event("1") + '\n'}, {bytes, "nonsense\n"}, {end, "x"}}, true);
  CAF_CHECK(progress.take());
  expect_batch({"1"});
  expect_batch({}, 1);
  expect_end("x", 1);
  CAF_CHECK(progress.empty());
}

CAF_TEST(the end of the hub is the end of the reader) {
  caf::anon_send_exit(hub, caf::exit_reason::kill);
  read({{bytes, event("1") + '\n'}, {bytes, event("2") + '\n'}});
  CAF_CHECK_EQUAL(ends.take().detail, "the bus has ended");
}

CAF_TEST(how a command ended and what it said last is the detail) {
  run("echo '" + event("1") + "'; echo first >&2; echo no upstream >&2; exit 3");
  expect_batch({"1"});
  expect_end("exit status 3; no upstream", 1);
}

CAF_TEST(a command that closes its output and lives on is ended) {
  run("exec >&-; trap '' HUP; exec sleep 1000");
  expect_end("killed by signal 15", 0);
}

CAF_TEST(a command ends when its shell ends whoever still has its output) {
  run("sleep 1000 & echo '" + event("1") + "'; exit 3");
  expect_batch({"1"});
  expect_end("exit status 3", 1);
}

CAF_TEST(a command that ends with status 0 has not failed) {
  run("exit 0");
  CAF_CHECK(!ends.take().failed);
  run("exit 1");
  CAF_CHECK(ends.take().failed);
}

CAF_TEST(a command runs where it is told to) {
  context = {std::vector<std::string>{"PATH=/bin:/usr/bin", "NAME=value"}, "/", mode_t{027}};
  run(R"(printf '{"event_type":"k","payload":"%s %s %s %s"}\n' $NAME $PWD $(umask) $HOME)");
  expect_batch({R"("value / 0027 ")"});
  expect_end("exit status 0", 1);
}

CAF_TEST(a command that cannot be started is a failure with the reason) {
  context.folder = "/nowhere";
  run("true");
  auto end = ends.take();
  CAF_CHECK(end.failed);
  CAF_CHECK(end.detail.find("/nowhere") != std::string::npos);
}

CAF_TEST(a command ends when its input is stopped) {
  auto input = run("echo '" + event("1") + "'; exec sleep 1000");
  expect_batch({"1"});
  input->stop();
  expect_end("stopped", 1);
}

CAF_TEST_FIXTURE_SCOPE_END()
