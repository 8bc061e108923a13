#include "io/client/client.hpp"

#include "config/defaults.hpp"
#include "io/client/publisher.hpp"
#include "io/sockets/unix_socket.hpp"
#include "messages/frame_codec.hpp"
#include "tests/support/temp_dir.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <functional>
#include <thread>

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

/// The bus's end of one connection, blocking, on a thread of its own.
class peer {
public:
  explicit peer(unique_fd fd) : fd_(std::move(fd)) {}

  std::string read_line() {
    auto end = held_.find('\n');
    for (char buffer[4096]; end == std::string::npos; end = held_.find('\n')) {
      auto n = ::recv(fd_.get(), buffer, sizeof(buffer), 0);
      if (n <= 0)
        return {};
      held_.append(buffer, static_cast<size_t>(n));
    }
    auto result = held_.substr(0, end);
    held_.erase(0, end + 1);
    return result;
  }

  void write(std::string_view text) {
    while (!text.empty()) {
      auto n = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (n <= 0)
        return;
      text.remove_prefix(static_cast<size_t>(n));
    }
  }

private:
  unique_fd fd_;
  std::string held_;
};

std::string event(uint64_t seq, const std::string& payload) {
  return R"({"type":"event","event_type":"t","event_id":"i","seq":)" + std::to_string(seq) + R"(,"payload":)" +
         payload + "}\n";
}

struct fixture {
  test::temp_dir tmp;
  std::string path = tmp / "bus.sock";
  unique_fd listener;
  std::thread bus;

  fixture() {
    listener = *listen_unix(path, 8);
    ::fcntl(listener.get(), F_SETFL, 0); // the test's thread may wait in accept
  }
  ~fixture() {
    ::shutdown(listener.get(), SHUT_RDWR);
    if (bus.joinable())
      bus.join();
  }

  /// Connects to a bus that does this and then hangs up.
  client connect(std::function<void(peer&)> behavior) {
    bus = std::thread{[this, behavior = std::move(behavior)] {
      peer x{unique_fd{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)}};
      behavior(x);
    }};
    auto result = client::connect(path, 5s);
    if (!result)
      CAF_FAIL(result.error().text);
    return *std::move(result);
  }
};

template <class T>
failure_kind kind_of(const result<T>& x) {
  CAF_REQUIRE(!x);
  return x.error().kind;
}

hello request() {
  hello result;
  result.pid = 1;
  result.event_key = "k";
  return result;
}

const std::string ack = encode(hello_ack{});

} // namespace

CAF_TEST(holes in the numbers are found and counted) {
  gap_finder gaps;
  CAF_CHECK(gaps.on_event(1) == std::nullopt);
  CAF_CHECK(gaps.on_event(2) == std::nullopt);
  CAF_CHECK(gaps.on_event(5) == std::optional{gap{3, 4}});
  CAF_CHECK(gaps.on_event(0) == std::nullopt);
  CAF_CHECK(gaps.on_event(5) == std::nullopt);
  CAF_CHECK(gaps.on_event(6) == std::nullopt);
  CAF_CHECK_EQUAL(gaps.dropped(), 2u);
}

CAF_TEST(an event that comes late is no loss) {
  gap_finder gaps;
  CAF_CHECK(gaps.on_event(1) == std::nullopt);
  CAF_CHECK(gaps.on_event(4) == std::optional{gap{2, 3}});
  CAF_CHECK(gaps.on_event(2) == std::nullopt);
  CAF_CHECK_EQUAL(gaps.dropped(), 1u);
  CAF_CHECK(gaps.on_event(2) == std::nullopt);
  CAF_CHECK_EQUAL(gaps.dropped(), 1u);
  CAF_CHECK(gaps.on_event(3) == std::nullopt);
  CAF_CHECK_EQUAL(gaps.dropped(), 0u);
}

CAF_TEST(an event from the middle of a hole leaves both its ends) {
  gap_finder gaps;
  CAF_CHECK(gaps.on_event(6) == std::optional{gap{1, 5}});
  for (auto seq : {3, 3, 1, 5})
    CAF_CHECK(gaps.on_event(static_cast<uint64_t>(seq)) == std::nullopt);
  CAF_CHECK_EQUAL(gaps.dropped(), 2u);
}

CAF_TEST(a stream that does not begin at one has lost its beginning) {
  gap_finder gaps;
  CAF_CHECK(gaps.on_event(4) == std::optional{gap{1, 3}});
}

CAF_TEST_FIXTURE_SCOPE(client_tests, fixture)

CAF_TEST(without a bus the failure says that none is running) {
  CAF_CHECK(kind_of(client::connect(tmp / "none", 1s)) == failure_kind::not_found);
}

CAF_TEST(a consumer gets its ack and then events with their bytes) {
  auto bus = connect([](peer& x) {
    x.read_line();
    x.write(ack + event(1, R"({"n": 1e400,"u":"\ud800"})") + event(2, "[ ]"));
  });
  CAF_CHECK_EQUAL(bus.bus_pid(), ::getpid());
  auto answer = bus.subscribe(request(), 5s);
  CAF_REQUIRE(answer);
  auto first = bus.next_event(5s);
  CAF_REQUIRE(first);
  CAF_CHECK_EQUAL(first->payload, R"({"n": 1e400,"u":"\ud800"})");
  CAF_CHECK_EQUAL(first->seq, 1u);
  auto second = bus.next_event(5s);
  CAF_REQUIRE(second);
  CAF_CHECK_EQUAL(second->payload, "[ ]");
  CAF_CHECK_EQUAL(std::string{bus.line()} + '\n', event(2, "[ ]"));
}

CAF_TEST(frames that come in pieces are put together) {
  auto bus = connect([](peer& x) {
    for (auto c : ack + event(1, "7"))
      x.write({&c, 1});
  });
  CAF_CHECK(bus.subscribe(request(), 5s));
  CAF_CHECK(bus.next_event(5s));
}

CAF_TEST(a rejected hello is a refusal with its reason) {
  auto bus = connect([](peer& x) {
    x.read_line();
    hello_ack no;
    no.rejected = true;
    no.reject_reason = "cleanup";
    x.write(encode(no));
  });
  auto answer = bus.subscribe(request(), 5s);
  CAF_CHECK(kind_of(answer) == failure_kind::refused);
  CAF_CHECK_EQUAL(answer.error().text, "cleanup");
}

CAF_TEST(an error frame in place of the ack is a refusal as well) {
  auto bus = connect([](peer& x) { x.write(encode(error_frame{error_code::bad_first_frame, "too many types"})); });
  auto answer = bus.subscribe(request(), 5s);
  CAF_CHECK(kind_of(answer) == failure_kind::refused);
  CAF_CHECK_EQUAL(answer.error().text, "too many types");
}

CAF_TEST(other frames between events are skipped but for bye) {
  auto bus = connect([](peer& x) {
    x.write(ack + encode(source_status{"s", source_state::connected, ""}) + "garbage\n\n{\"type\":\"new\"}\n" +
            event(1, "1") + encode(bye{"bus_stopping"}));
  });
  CAF_REQUIRE(bus.subscribe(request(), 5s));
  CAF_CHECK(bus.next_event(5s));
  auto end = bus.next_event(5s);
  CAF_CHECK(kind_of(end) == failure_kind::stopping);
  CAF_CHECK_EQUAL(end.error().text, "bus_stopping");
}

CAF_TEST(next hands out every frame) {
  auto bus = connect([](peer& x) { x.write(encode(source_status{"s", source_state::connected, ""}) + event(1, "1")); });
  auto status = bus.next(5s);
  CAF_REQUIRE(status);
  auto* other = std::get_if<frame>(&*status);
  CAF_REQUIRE(other != nullptr);
  CAF_CHECK(std::holds_alternative<source_status>(*other));
  auto got = bus.next(5s);
  CAF_REQUIRE(got);
  CAF_CHECK(std::holds_alternative<event_frame>(*got));
}

CAF_TEST(a bus that hangs up is told from one that is slow) {
  auto bus = connect([](peer& x) {
    x.read_line();
    x.write(ack);
    x.read_line();
  });
  CAF_REQUIRE(bus.subscribe(request(), 5s));
  CAF_CHECK(kind_of(bus.next_event(1ms)) == failure_kind::timed_out);
  CAF_CHECK(bus.send("x\n", 5s));
  CAF_CHECK(kind_of(bus.next_event(5s)) == failure_kind::closed);
}

CAF_TEST(a line beyond the limit is a fault of the bus) {
  auto bus = connect([](peer& x) { x.write(std::string(defaults::max_answer_bytes + 1, 'x')); });
  CAF_CHECK(kind_of(bus.next_line(5s)) == failure_kind::protocol);
}

CAF_TEST(sending to a bus that does not read ends at the timeout) {
  auto bus = connect([this](peer&) { ::accept(listener.get(), nullptr, nullptr); });
  auto done = bus.send(std::string(16 << 20, 'x'), 1ms);
  CAF_CHECK(kind_of(done) == failure_kind::timed_out);
}

CAF_TEST(sending to a bus that is gone raises no signal) {
  auto bus = connect([](peer&) {});
  this->bus.join();
  auto done = bus.send("x\n", 1s);
  CAF_CHECK(kind_of(done) == failure_kind::closed);
}

CAF_TEST(a publisher is done when everything is answered) {
  publisher out{connect([](peer& x) {
    for (uint64_t i = 1; !x.read_line().empty(); ++i)
      x.write(encode(publish_ack{i - 1, 1, 0}));
  })};
  for (int i = 0; i < 3; ++i)
    out.queue(R"({"type":"publish","event_type":"t","payload":1})");
  CAF_CHECK(!out.settled());
  CAF_CHECK(out.finish(5s));
  CAF_CHECK(out.totals() == (publish_ack{2, 1, 0}));
  CAF_CHECK(out.settled());
}

CAF_TEST(a publisher reads while it writes) {
  publisher out{connect([](peer& x) {
    auto padded = encode(publish_ack{0, 0, 0});
    padded.insert(padded.size() - 2, R"(,"x":")" + std::string(100'000, 'x') + '"');
    uint64_t n = 0;
    for (; n < 40; ++n) { // more than both sockets hold, before anything more is read
      x.read_line();
      x.write(padded);
    }
    while (n < 20'000 && !x.read_line().empty())
      ++n;
    x.write(encode(publish_ack{n, 0, 0}));
  })};
  for (int i = 0; i < 20'000; ++i)
    out.queue(R"({"type":"publish","event_type":"t","payload":")" + std::string(200, 'x') + "\"}");
  CAF_CHECK(out.finish(20s));
  CAF_CHECK_EQUAL(out.totals().accepted, 20'000u);
}

CAF_TEST(a publisher is told why the bus hung up) {
  publisher out{connect([](peer& x) { x.write(encode(error_frame{error_code::frame_too_large, "too large"})); })};
  this->bus.join();
  out.queue(R"({"type":"publish","event_type":"t","payload":1})");
  auto done = out.finish(5s);
  CAF_CHECK(kind_of(done) == failure_kind::refused);
  CAF_CHECK_EQUAL(done.error().text, "too large");
}

CAF_TEST(a publisher gives up on a bus that does not answer) {
  publisher out{connect([](peer& x) {
    x.read_line();
    x.read_line();
  })};
  out.queue(R"({"type":"publish","event_type":"t","payload":1})");
  auto done = out.finish(1ms);
  CAF_CHECK(kind_of(done) == failure_kind::timed_out);
}

CAF_TEST_FIXTURE_SCOPE_END()
