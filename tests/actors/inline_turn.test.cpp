#include "actors/inline_turn.hpp"

#include "actors/closing_broker.hpp"
#include "support/fixtures.hpp"

#include <caf/io/typed_broker.hpp>
#include <caf/response_promise.hpp>
#include <functional>
#include <new>

#include <caf/test/dsl.hpp>
#include <caf/test/io_dsl.hpp>

namespace {

struct quick {
  int number = 0;
};
struct answer {
  int number = 0;
};
struct slow {
  int number = 0;
};
struct taken {
  int number = 0;
};

struct question {
  int number = 0;
};
struct reply {
  int number = 0;
};

using testee_actor = caf::typed_actor<caf::reacts_to<quick>, caf::reacts_to<answer>, caf::reacts_to<slow>,
                                      caf::reacts_to<taken>, caf::replies_to<question>::with<reply>>;

} // namespace

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(quick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(slow)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(taken)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(question)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(reply)

namespace {

using cafbus::alive;
using testee_base = cafbus::inline_turn<cafbus::closing_broker<testee_actor::broker_base>, quick, answer, question>;

/// Writes down what it handles, and does what the test wants meanwhile.
class testee : public testee_base {
public:
  testee(caf::actor_config& config, std::vector<std::string>& seen) : testee_base{config}, seen_{seen} {}

  void note(const char* what, int number) { seen_.push_back(what + std::to_string(number)); }

  std::function<void(int)> on_quick;
  std::function<void(int)> on_answer;
  bool failed = false;

  void handle(const quick& x) override {
    note("quick", x.number);
    if (on_quick)
      on_quick(x.number);
    note("end", x.number);
  }

  void handle(const answer& x) override {
    note("answer", x.number);
    if (on_answer)
      on_answer(x.number);
  }

  void handle(const question& x) override {
    note("question", x.number);
    make_response_promise<reply>().deliver(reply{x.number});
  }

protected:
  bool take(const caf::type_erased_tuple& x, caf::execution_unit*) override {
    if (cafbus::place_of<taken>(x) != 0)
      return false;
    note("taken", x.get_as<taken>(0).number);
    return true;
  }

  testee_actor::behavior_type make_behavior() override {
    set_error_handler([](caf::error&) {});
    set_exception_handler([this](std::exception_ptr&) -> caf::error {
      failed = true;
      return caf::exit_reason::out_of_workers;
    });
    return {
        [this](const quick& x) { handle(x); },
        [this](const answer& x) { handle(x); },
        [this](const slow& x) { note("slow", x.number); },
        [this](const taken& x) { note("waited", x.number); },
        [this](const question& x) {
          note("question", x.number);
          return reply{x.number};
        },
    };
  }

private:
  std::vector<std::string>& seen_;
};

struct fixture : test_node_fixture<> {
  using names = std::vector<std::string>;

  fixture() { settle(); }

  ~fixture() override {
    for (auto& x : all)
      caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
    settle();
  }

  testee_actor spawn_testee() {
    caf::actor_config config{&mpx};
    all.push_back(sys.spawn_class<testee, caf::no_spawn_options>(config, seen));
    settle();
    return all.back();
  }

  testee& object(const testee_actor& x) { return deref<testee>(x); }

  void settle() {
    while (sched.try_run_once() || mpx.try_exec_runnable()) {
    }
  }

  /// As an actor on the multiplexer's thread sends.
  template <class T>
  void send_here(const testee_actor& to, T x) {
    caf::actor_cast<caf::abstract_actor*>(to)->enqueue(nullptr, caf::make_message_id(), caf::make_message(x), &mpx);
  }

  bool hand_over(const testee_actor& from, const testee_actor& to, int number) {
    quick x{number};
    return cafbus::hand_over(object(from), to, cafbus::handler_in<quick>(to), x);
  }

  names take() { return std::exchange(seen, {}); }

  names seen;
  std::vector<testee_actor> all;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(inline_turn_tests, fixture)

CAF_TEST(an idle actor handles a message before its sender goes on) {
  auto x = spawn_testee();
  send_here(x, quick{1});
  CAF_CHECK_EQUAL(take(), (names{"quick1", "end1"}));
}

CAF_TEST(a message that is not named goes through the mailbox) {
  auto x = spawn_testee();
  send_here(x, slow{1});
  CAF_CHECK_EQUAL(take(), names{});
  settle();
  CAF_CHECK_EQUAL(take(), (names{"slow1"}));
}

CAF_TEST(what an actor takes waits neither for a turn nor behind a backlog) {
  auto x = spawn_testee();
  caf::anon_send(x, taken{1});
  caf::actor_cast<caf::abstract_actor*>(x)->enqueue(nullptr, caf::make_message_id(), caf::make_message(taken{2}),
                                                    nullptr);
  CAF_CHECK_EQUAL(take(), (names{"taken1", "taken2"}));
  object(x).on_quick = [&](int) { send_here(x, taken{4}); };
  send_here(x, quick{3});
  CAF_CHECK_EQUAL(take(), (names{"quick3", "taken4", "end3"}));
  send_here(x, slow{5});
  send_here(x, taken{6});
  CAF_CHECK_EQUAL(take(), (names{"taken6"}));
  settle();
  CAF_CHECK_EQUAL(take(), (names{"slow5"}));
}

CAF_TEST(a message from another thread goes through the mailbox) {
  auto x = spawn_testee();
  caf::anon_send(x, quick{1});
  CAF_CHECK_EQUAL(take(), names{});
  settle();
  CAF_CHECK_EQUAL(take(), (names{"quick1", "end1"}));
}

CAF_TEST(the response to a request is taken right after the turn that has asked) {
  auto x = spawn_testee();
  auto y = spawn_testee();
  object(x).on_quick = [&](int number) {
    object(x).request(y, caf::infinite, question{number}).then([&](const reply& r) {
      object(x).note("reply", r.number);
    });
  };
  send_here(x, quick{1});
  CAF_CHECK_EQUAL(take(), (names{"quick1", "question1", "end1", "reply1"}));
}

CAF_TEST(a response that comes while others wait keeps its place) {
  auto x = spawn_testee();
  auto y = spawn_testee();
  object(x).on_quick = [&](int number) {
    send_here(x, slow{number});
    object(x).request(y, caf::infinite, question{number}).then([&](const reply& r) {
      object(x).note("reply", r.number);
    });
  };
  send_here(x, quick{1});
  CAF_CHECK_EQUAL(take(), (names{"quick1", "question1", "end1"}));
  settle();
  CAF_CHECK_EQUAL(take(), (names{"slow1", "reply1"}));
}

CAF_TEST(nothing is taken ahead of what waits in the mailbox) {
  auto x = spawn_testee();
  send_here(x, slow{1});
  send_here(x, quick{2});
  CAF_CHECK_EQUAL(take(), names{});
  settle();
  CAF_CHECK_EQUAL(take(), (names{"slow1", "quick2", "end2"}));
}

CAF_TEST(an actor that has not had its first turn takes nothing at once) {
  caf::actor_config config{&mpx};
  auto x = sys.spawn_class<testee, caf::no_spawn_options>(config, seen);
  all.push_back(x);
  send_here(x, quick{1});
  CAF_CHECK_EQUAL(take(), names{});
  settle();
  CAF_CHECK_EQUAL(take(), (names{"quick1", "end1"}));
}

CAF_TEST(the answer to what a turn has sent is handled right after that turn) {
  auto x = spawn_testee();
  auto y = spawn_testee();
  object(x).on_quick = [&](int n) { send_here(y, quick{n + 10}); };
  object(y).on_quick = [&](int n) { send_here(x, answer{n}); };
  send_here(x, quick{1});
  CAF_CHECK_EQUAL(take(), (names{"quick1", "quick11", "end11", "end1", "answer11"}));
}

CAF_TEST(what is handed over is handled at once and its answer right after the turn) {
  auto x = spawn_testee();
  auto y = spawn_testee();
  object(x).on_quick = [&](int n) {
    CAF_CHECK(!hand_over(x, y, n + 10));
    object(x).note("over", n);
  };
  object(y).on_quick = [&](int n) {
    auto& from = object(y).current_mailbox_element()->sender;
    from->enqueue(object(y).ctrl(), caf::make_message_id(), caf::make_message(answer{n}), &mpx);
  };
  send_here(x, quick{1});
  CAF_CHECK_EQUAL(take(), (names{"quick1", "quick11", "end11", "over1", "end1", "answer11"}));
}

CAF_TEST(what is handed over can be answered without a message) {
  auto x = spawn_testee();
  auto y = spawn_testee();
  object(x).on_quick = [&](int n) { CAF_CHECK(hand_over(x, y, n + 10)); };
  object(y).on_quick = [&](int) {
    CAF_CHECK(object(y).answer_now());
    CAF_CHECK(!object(y).answer_now());
    send_here(y, answer{3}); // follows what was answered already
  };
  object(y).on_answer = [&](int) { CAF_CHECK(!object(y).answer_now()); };
  send_here(x, quick{1});
  CAF_CHECK_EQUAL(take(), (names{"quick1", "quick11", "end11", "answer3", "end1"}));
  object(x).on_quick = nullptr;
  object(y).on_quick = [&](int) { CAF_CHECK(!object(y).answer_now()); };
  send_here(y, quick{2}); // sent, and so answered by a message
  CAF_CHECK_EQUAL(take(), (names{"quick2", "end2"}));
}

CAF_TEST(what is handed over to one that is not free is sent) {
  auto x = spawn_testee();
  auto y = spawn_testee();
  object(x).on_quick = [&](int n) { CAF_CHECK(!hand_over(x, y, n + 10)); };
  send_here(y, slow{2});
  send_here(x, quick{1});
  CAF_CHECK_EQUAL(take(), (names{"quick1", "end1"}));
  settle();
  CAF_CHECK_EQUAL(take(), (names{"slow2", "quick11", "end11"}));
}

CAF_TEST(only one message follows a turn and the rest keep their order in the mailbox) {
  auto x = spawn_testee();
  object(x).on_quick = [&](int) {
    for (int i = 1; i <= 3; ++i)
      send_here(x, answer{i});
  };
  object(x).on_answer = [&](int n) {
    if (n == 1)
      send_here(x, answer{4});
  };
  send_here(x, quick{0});
  CAF_CHECK_EQUAL(take(), (names{"quick0", "end0", "answer1"}));
  settle();
  CAF_CHECK_EQUAL(take(), (names{"answer2", "answer3", "answer4"}));
}

CAF_TEST(what follows a turn of the mailbox does not go ahead of the mailbox) {
  auto x = spawn_testee();
  object(x).on_quick = [&](int n) { send_here(x, answer{n}); };
  caf::anon_send(x, quick{1});
  caf::anon_send(x, slow{2});
  settle();
  CAF_CHECK_EQUAL(take(), (names{"quick1", "end1", "slow2", "answer1"}));
  caf::anon_send(x, quick{3});
  settle();
  CAF_CHECK_EQUAL(take(), (names{"quick3", "end3", "answer3"}));
}

CAF_TEST(a backlog is worked off one message a round so that others have their turn) {
  auto x = spawn_testee();
  for (int i = 1; i <= 3; ++i)
    caf::anon_send(x, slow{i});
  CAF_CHECK(object(x).resume(&mpx, 100) == caf::resumable::resume_later);
  CAF_CHECK_EQUAL(take(), (names{"slow1"}));
  settle();
  CAF_CHECK_EQUAL(take(), (names{"slow2", "slow3"}));
}

CAF_TEST(turns nest up to a bound and go through the mailbox beyond it) {
  std::vector<testee_actor> chain;
  for (size_t i = 0; i < cafbus::max_inline_depth + 2; ++i)
    chain.push_back(spawn_testee());
  for (size_t i = 0; i + 1 < chain.size(); ++i)
    object(chain[i]).on_quick = [&, i](int n) { send_here(chain[i + 1], quick{n + 1}); };
  send_here(chain[0], quick{1});
  CAF_CHECK_EQUAL(take().size(), 2 * cafbus::max_inline_depth);
  settle();
  CAF_CHECK_EQUAL(take().size(), 4u);
}

CAF_TEST(an actor that quits in a handler ends with it) {
  auto x = spawn_testee();
  object(x).on_quick = [&](int) {
    object(x).quit(caf::exit_reason::user_shutdown);
    send_here(x, answer{1}); // would follow
  };
  send_here(x, quick{1});
  CAF_CHECK(!alive(x));
  send_here(x, quick{2});
  settle();
  CAF_CHECK_EQUAL(take(), (names{"quick1", "end1"}));
}

CAF_TEST(an actor that quits in what follows a turn ends with it) {
  auto x = spawn_testee();
  object(x).on_quick = [&](int) { send_here(x, answer{1}); };
  object(x).on_answer = [&](int) { object(x).quit(caf::exit_reason::user_shutdown); };
  send_here(x, quick{1});
  CAF_CHECK(!alive(x));
  settle();
  CAF_CHECK_EQUAL(take(), (names{"quick1", "end1", "answer1"}));
}

CAF_TEST(a handler that throws ends its actor by its exception handler and the sender goes on) {
  auto x = spawn_testee();
  auto y = spawn_testee();
  object(x).on_quick = [&](int n) {
    if (n == 1)
      send_here(y, quick{10});
  };
  object(y).on_quick = [&](int) { throw std::bad_alloc{}; };
  send_here(x, quick{1});
  CAF_CHECK(alive(x));
  CAF_CHECK(!alive(y));
  CAF_CHECK(object(y).failed);
  CAF_CHECK_EQUAL(take(), (names{"quick1", "quick10", "end1"}));
  send_here(x, quick{2});
  CAF_CHECK_EQUAL(take(), (names{"quick2", "end2"}));
}

CAF_TEST(what would follow a handler that throws is not handled) {
  auto x = spawn_testee();
  object(x).on_quick = [&](int) {
    send_here(x, answer{1});
    throw std::bad_alloc{};
  };
  send_here(x, quick{1});
  settle();
  CAF_CHECK(!alive(x));
  CAF_CHECK_EQUAL(take(), (names{"quick1"}));
  CAF_CHECK_EQUAL(cafbus::inline_depth(), 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()
