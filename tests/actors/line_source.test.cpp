#include "actors/line_source.hpp"

#include "support/fixtures.hpp"
#include "support/scripted_parts.hpp"

#include <caf/send.hpp>

#include <caf/test/dsl.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

/// An input that nobody reads: the test is the reader.
class scripted_input final : public line_input {
public:
  explicit scripted_input(bool at_once) : line_input{*wakeup::make()}, at_once_{at_once} {}
  input_step next(std::span<char>) override { return {input_step::kind::end}; }
  bool connected_at_once() const override { return at_once_; }
  bool stopped() const { return stop_.is_set(); }

private:
  bool at_once_;
};

struct fixture : test_coordinator_fixture<> {
  std::shared_ptr<source_watch> watch = std::make_shared<source_watch>();
  hub_actor hub = sys.spawn(watching_hub, watch);
  bus_actor bus = sys.spawn(watching_bus, watch);
  std::vector<source_status> said;
  std::vector<source_ended> ended;
  std::vector<std::shared_ptr<scripted_input>> inputs;
  reader_owner_actor owner;
  uint64_t epoch = 0;
  std::string refusal; // of the next starts
  source_actor testee;

  fixture() {
    watch->on_status = [this](const source_status& x) { said.push_back(x); };
    watch->on_ended = [this](const source_ended& x) { ended.push_back(x); };
  }

  ~fixture() override {
    owner = nullptr;
    if (testee && alive(testee))
      caf::anon_send_exit(testee, caf::exit_reason::kill);
    caf::anon_send_exit(hub, caf::exit_reason::kill);
    caf::anon_send_exit(bus, caf::exit_reason::kill);
    sched.run();
  }

  void start(source_spec::kind what, uint32_t retries = 3, std::chrono::nanoseconds max_silence = 0s,
             std::chrono::nanoseconds every = 0s) {
    auto starter = [this, what](reader_owner_actor x, uint64_t number) -> opened_input {
      owner = std::move(x);
      epoch = number;
      if (!refusal.empty())
        return failure{failure_kind::system, refusal};
      inputs.push_back(std::make_shared<scripted_input>(what != source_spec::kind::file));
      return inputs.back();
    };
    testee = spawn_line_source(sys, {{what, "", "feed", every}, hub, bus, retries, max_silence, 1, starter});
    caf::anon_send(testee, start_source{});
    sched.run();
  }

  template <class Message>
  void from_reader(Message x) {
    caf::anon_send(owner, std::move(x));
    sched.run();
  }

  void end_reader(const std::string& detail, uint64_t events = 0, bool failed = true) {
    from_reader(reader_ended{epoch, events, detail, failed});
  }

  void pass(caf::timespan time) {
    advance_time(time);
    sched.run();
  }

  std::string states() {
    std::string result;
    for (const auto& x : said)
      result += (result.empty() ? std::string{} : " ") + to_string(x.state);
    said.clear();
    return result;
  }
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(line_source_tests, fixture)

CAF_TEST(it says that it connects and that it is connected) {
  start(source_spec::kind::exec);
  CAF_CHECK_EQUAL(states(), "connecting connected");
}

CAF_TEST(a command that has ended is started again after a pause) {
  start(source_spec::kind::exec);
  states();
  end_reader("exit status 3; no such upstream");
  CAF_REQUIRE_EQUAL(said.size(), 1u);
  CAF_CHECK(contains(said[0].detail, "exit status 3; no such upstream; again in "));
  CAF_CHECK(contains(said[0].detail, "ms, 1 of 3"));
  CAF_CHECK_EQUAL(states(), "reconnecting");
  pass(399ms);
  CAF_CHECK_EQUAL(inputs.size(), 1u);
  pass(202ms);
  CAF_CHECK_EQUAL(inputs.size(), 2u);
  CAF_CHECK_EQUAL(states(), "connecting connected");
}

CAF_TEST(pauses double while nothing comes) {
  start(source_spec::kind::exec, 100);
  for (auto pause : {500ms, 1000ms, 2000ms, 4000ms, 8000ms, 16'000ms, 30'000ms, 30'000ms}) {
    auto runs = inputs.size();
    end_reader("exit status 1");
    pass(pause * 8 / 10 - 1ms);
    CAF_CHECK_EQUAL(inputs.size(), runs);
    pass(pause * 4 / 10 + 2ms);
    CAF_CHECK_EQUAL(inputs.size(), runs + 1);
  }
}

CAF_TEST(an event makes the pause short again) {
  start(source_spec::kind::exec);
  for (auto events : {0, 0, 1}) {
    end_reader("exit status 1", static_cast<uint64_t>(events));
    pass(3s);
  }
  states();
  end_reader("exit status 1");
  CAF_CHECK(contains(said.back().detail, "2 of 3"));
}

CAF_TEST(it is given up after restarts without an event and the bus is told) {
  start(source_spec::kind::exec, 2);
  for (int i = 0; i < 2; ++i) {
    end_reader("exit status 7");
    pass(60s);
  }
  states();
  end_reader("exit status 7");
  CAF_CHECK_EQUAL(states(), "disconnected");
  CAF_REQUIRE_EQUAL(ended.size(), 1u);
  CAF_CHECK_EQUAL(ended[0].name, "feed");
  CAF_CHECK_EQUAL(ended[0].detail, "exit status 7; given up after 2 restarts without an event");
  CAF_CHECK(ended[0].failed);
  CAF_CHECK(!alive(testee));
}

CAF_TEST(a command that ends as it should is never given up) {
  start(source_spec::kind::exec, 1);
  for (int i = 0; i < 20; ++i) {
    states();
    end_reader("exit status 0", 0, false);
    CAF_CHECK_EQUAL(states(), "reconnecting");
    pass(36s);
  }
  CAF_CHECK_EQUAL(inputs.size(), 21u);
  CAF_CHECK(ended.empty());
}

CAF_TEST(a good end between failures starts their count over) {
  start(source_spec::kind::exec, 1);
  for (int i = 0; i < 5; ++i) {
    end_reader("exit status 1");
    pass(36s);
    end_reader("exit status 0", 0, false);
    pass(36s);
  }
  CAF_CHECK(ended.empty());
}

CAF_TEST(a command with an interval stays connected between its runs) {
  start(source_spec::kind::exec, 1, 0s, 30s);
  CAF_CHECK_EQUAL(states(), "connecting connected");
  end_reader("exit status 0", 0, false);
  CAF_CHECK(contains(said.back().detail, "again in 30s"));
  CAF_CHECK_EQUAL(states(), "connected");
  pass(29'999ms);
  CAF_CHECK_EQUAL(inputs.size(), 1u);
  pass(1ms);
  CAF_CHECK_EQUAL(inputs.size(), 2u);
}

CAF_TEST(a command that cannot be started counts as a restart) {
  refusal = "cannot start /bin/sh";
  start(source_spec::kind::exec, 1);
  CAF_CHECK_EQUAL(states(), "connecting reconnecting");
  pass(1s);
  CAF_CHECK_EQUAL(states(), "connecting disconnected");
  CAF_CHECK_EQUAL(ended.size(), 1u);
}

CAF_TEST(a file is tried again for ever) {
  refusal = "too many open files";
  start(source_spec::kind::file, 1);
  for (int i = 0; i < 100; ++i) {
    CAF_CHECK_EQUAL(states(), "connecting reconnecting");
    pass(36s);
  }
  CAF_CHECK(ended.empty());
}

CAF_TEST(a file says itself when it is there) {
  start(source_spec::kind::file);
  CAF_CHECK_EQUAL(states(), "connecting");
  from_reader(reader_state{epoch, source_state::connected, ""});
  from_reader(reader_state{epoch, source_state::reconnecting, "/x: No such file"});
  CAF_CHECK_EQUAL(said.back().detail, "/x: No such file");
  CAF_CHECK_EQUAL(states(), "connected reconnecting");
}

CAF_TEST(the end of standard input is no failure) {
  start(source_spec::kind::standard_input);
  end_reader("end of input", 0, false);
  CAF_REQUIRE_EQUAL(ended.size(), 1u);
  CAF_CHECK(!ended[0].failed);
  CAF_CHECK_EQUAL(ended[0].detail, "end of input");
}

CAF_TEST(a stop ends the reader first) {
  start(source_spec::kind::exec);
  caf::anon_send(testee, stop_source{});
  sched.run();
  CAF_CHECK(inputs[0]->stopped());
  CAF_CHECK(alive(testee));
  end_reader("stopped");
  CAF_CHECK(!alive(testee));
  CAF_CHECK(!ended.at(0).failed);
}

CAF_TEST(a stop between two runs ends it at once) {
  start(source_spec::kind::exec);
  end_reader("exit status 1");
  caf::anon_send(testee, stop_source{});
  sched.run();
  CAF_CHECK(!alive(testee));
  pass(10s);
  CAF_CHECK_EQUAL(inputs.size(), 1u);
}

CAF_TEST(a source that is killed stops its reader) {
  start(source_spec::kind::exec);
  caf::anon_send_exit(testee, caf::exit_reason::kill);
  sched.run();
  CAF_CHECK(inputs[0]->stopped());
}

CAF_TEST(word of an earlier reader is ignored) {
  start(source_spec::kind::exec);
  end_reader("exit status 1");
  pass(1s);
  states();
  from_reader(reader_ended{epoch - 1, 0, "late", true});
  from_reader(reader_state{epoch - 1, source_state::reconnecting, "late"});
  CAF_CHECK_EQUAL(states(), "");
}

CAF_TEST(silence makes it stale and an event connected again) {
  start(source_spec::kind::exec, 3, 10s);
  states();
  pass(9'999ms);
  CAF_CHECK_EQUAL(states(), "");
  pass(1ms);
  CAF_CHECK_EQUAL(said.back().detail, "no event for 10s");
  CAF_CHECK_EQUAL(states(), "stale");
  pass(100s);
  CAF_CHECK_EQUAL(states(), "");
  from_reader(reader_progress{epoch});
  CAF_CHECK_EQUAL(states(), "connected");
  pass(10s);
  CAF_CHECK_EQUAL(states(), "stale");
}

CAF_TEST(silence counts from the last event) {
  start(source_spec::kind::exec, 3, 10s);
  states();
  for (int i = 0; i < 10; ++i) {
    pass(7s);
    from_reader(reader_progress{epoch});
  }
  CAF_CHECK_EQUAL(states(), "");
  pass(9'999ms);
  CAF_CHECK_EQUAL(states(), "");
  pass(1ms);
  CAF_CHECK_EQUAL(states(), "stale");
}

CAF_TEST(who is not connected does not become stale) {
  start(source_spec::kind::file, 3, 10s);
  pass(20s);
  CAF_CHECK_EQUAL(states(), "connecting");
  from_reader(reader_state{epoch, source_state::connected, ""});
  pass(5s);
  from_reader(reader_state{epoch, source_state::reconnecting, "gone"});
  pass(20s);
  CAF_CHECK_EQUAL(states(), "connected reconnecting");
  from_reader(reader_state{epoch, source_state::connected, ""});
  pass(9s);
  CAF_CHECK_EQUAL(states(), "connected");
  pass(1s);
  CAF_CHECK_EQUAL(states(), "stale");
}

CAF_TEST(without a limit silence means nothing) {
  start(source_spec::kind::exec);
  states();
  pass(1'000h);
  CAF_CHECK_EQUAL(states(), "");
}

CAF_TEST_FIXTURE_SCOPE_END()
