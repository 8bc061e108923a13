// The state machine of connections: a whole bus on CAF's test multiplexer, four connections driven by arbitrary bytes,
// cut anywhere, between hang-ups, slow reading, timers and stops. Whatever comes, the laws hold, every byte that the
// bus sends belongs to a frame, and everything ends.
//
// An input is a row of steps. Each begins with the byte 0xfe and one that says what is done to which connection; what
// stands before the next 0xfe are the bytes that it sends:
//   bits 0-1 the connection, bits 2-4 what (see `step`), bits 5-7 how much.

#include <caf/test/dsl.hpp>
#include <caf/test/io_dsl.hpp>

#include "tests/fuzz/fuzz.hpp"

#undef allow // names of ours
#undef expect
// the fixture's checks end the process here; CAF's would need a test that is running
#undef CAF_CHECK
#undef CAF_CHECK_EQUAL
#undef CAF_REQUIRE
#undef CAF_FAIL
#define CAF_CHECK(x) cafbus::fuzz::require(static_cast<bool>(x), #x)
#define CAF_CHECK_EQUAL(x, y) cafbus::fuzz::require((x) == (y), #x " == " #y)
#define CAF_REQUIRE(x) cafbus::fuzz::require(static_cast<bool>(x), #x)
#define CAF_FAIL(x)                                                                                                    \
  [&] {                                                                                                                \
    std::ostringstream text;                                                                                           \
    text << x; /* NOLINT(bugprone-macro-parentheses): a << b */                                                        \
    cafbus::fuzz::found("fixture", text.str());                                                                        \
  }()

#include "actors/cleanup_lock.hpp"
#include "messages/event_frame.hpp"
#include "support/socket_fixture.hpp"

#include <array>
#include <sstream>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

constexpr char mark = '\xfe';

enum class step : uint8_t { send, send_in_pieces, hang_up, pass_time, narrow, read_all, look, stop };

bus_options small_bus() {
  bus_options result;
  result.idle_timeout = 0s;
  result.queue_capacity = 3;
  result.max_queued_bytes = 4'096;
  result.max_connections = 2;
  result.descriptors = 5;
  result.max_half_open = 3;
  return result;
}

/// Commands that nobody runs: their ends come at once, good or bad by their length.
hook_launcher no_processes() {
  return [](const hook_run& x, const cleanup_lock_actor& to) -> hook_cancel {
    caf::anon_send(to, hook_done{x.subscription_id, x.ticket, x.command.size() % 2 == 0, "made up"});
    return [](std::chrono::nanoseconds) {};
  };
}

struct world : socket_fixture {
  struct connection {
    handle socket;
    bool open = false;
    bool consumer = false;
    uint64_t seq = 0;
    frame_splitter splitter{defaults::max_frame_bytes};
  };

  world() : socket_fixture{small_bus(), no_processes()} {}

  ~world() override {
    for (auto& x : peers)
      if (x.open)
        end(x);
  }

  connection& open(connection& x) {
    if (!x.open && mpx.impl_ptr(acceptor) && !mpx.passive_mode(acceptor)) { // else it is closed, or paused
      x = {};
      x.socket = handle::from_int(++last_handle);
      mpx.add_pending_connect(acceptor, x.socket);
      mpx.try_accept_connection();
      settle();
      x.open = mpx.impl_ptr(x.socket) != nullptr;
    }
    return x;
  }

  void end(connection& x) {
    read(x);
    hang_up(x.socket);
    read(x);
    x.open = false;
  }

  /// What the bus has sent: frames, an acknowledgement before any event, numbers that grow.
  void read(connection& x) {
    auto bytes = take(x.socket);
    x.splitter.append(bytes.data(), bytes.size());
    while (auto line = x.splitter.next()) {
      if (auto event = events.read(*line)) {
        fuzz::require(x.consumer && event->seq > x.seq, "an event that should not be there", *line);
        x.seq = event->seq;
        continue;
      }
      auto decoded = decode(*line);
      auto* frame = std::get_if<cafbus::frame>(&decoded);
      fuzz::require(frame != nullptr && !std::holds_alternative<unknown_line>(*frame), "the bus sent nonsense", *line);
      if (auto* ack = std::get_if<hello_ack>(frame)) {
        fuzz::require(!x.consumer, "a second hello_ack", *line);
        x.consumer = !ack->rejected;
      }
    }
    fuzz::require(!x.splitter.too_long(), "a frame beyond the limit");
  }

  void give(connection& x, std::string_view bytes) {
    if (mpx.impl_ptr(x.socket))
      send(x.socket, bytes);
  }

  void act(step what, size_t much, connection& x, std::string_view bytes) {
    switch (what) {
    case step::send:
      give(x, bytes);
      if (much % 2 == 0)
        settle();
      break;
    case step::send_in_pieces:
      for (; !bytes.empty(); bytes.remove_prefix(std::min(much + 1, bytes.size()))) {
        give(x, bytes.substr(0, much + 1));
        settle();
      }
      break;
    case step::hang_up:
      end(x);
      break;
    case step::pass_time:
      pass(1s * (much * much + 1));
      break;
    case step::narrow:
      socket_of(x.socket).room = much * 40;
      break;
    case step::read_all:
      socket_of(x.socket).room = std::string::npos;
      if (mpx.impl_ptr(x.socket))
        read_rest(x.socket);
      break;
    case step::look:
      settle(); // a stop may be on its way, and would come before the question
      if (alive(parts.bus))
        check_laws();
      break;
    case step::stop:
      if (alive(parts.bus))
        caf::anon_send(parts.bus, stop_bus{"asked", much % 2 == 0});
      if (much % 4 < 2)
        settle();
    }
    if (x.open)
      read(x);
  }

  std::array<connection, 4> peers;
  event_frame_reader events;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto input = fuzz::text_of(data, std::min(size, size_t{8'192}));
  world testee;
  for (auto at = input.find(mark); at != input.npos && at + 1 < input.size();) {
    auto how = static_cast<uint8_t>(input[at + 1]);
    auto next = input.find(mark, at + 2);
    auto bytes = input.substr(at + 2, next == input.npos ? input.npos : next - at - 2);
    if (alive(testee.broker)) // after a stop there is nothing to connect to
      testee.act(static_cast<step>(how >> 2 & 7), how >> 5, testee.open(testee.peers[how & 3]), bytes);
    at = next;
  }
  testee.settle();
  return 0;
}
