#pragma once
#include "base/deadline.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "messages/event_frame.hpp"
#include "messages/frame_splitter.hpp"
#include "messages/frames.hpp"

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// A client of the bus in plain C++: no actors, no threads, no exceptions, no signals raised. Not thread-safe.
///
///   auto bus = client::connect(socket_path, 3s);
///   if (!bus)
///     return bus.error();                                       // its kind for programs, its text for people
///   hello request;
///   request.event_key = "im.message";
///   auto ack = bus->subscribe(request, 5s);
///   for (auto event = bus->next_event(60s); event; event = bus->next_event(60s))
///     use(event->payload);
///
/// A program with an event loop of its own polls `fd()`, then calls `receive` and `buffered` until that has no more,
/// and looks at `check`.
///
/// Kinds of failures: `not_found`: no process listens at that path. `timed_out`: no answer in time; the next call may
/// have one. `closed`: the bus has ended the connection. `stopping`: it has said bye or cannot serve any more; the text
/// is its reason. `refused`: it said no. `unavailable`: it is setting up or cleaning up for this subscription, or has
/// no room; try again. `protocol`: it sent what no bus sends. `untrusted`: it runs as a user that is neither us nor
/// root. Text that came from the bus stands in a failure as it came; escape it before showing it on a terminal.
namespace cafbus {

/// A hole in the sequence numbers: the events `first` to `last` were dropped.
struct gap {
  uint64_t first = 0;
  uint64_t last = 0;
  bool operator==(const gap&) const = default;
};

/// Finds the holes in the numbers of one connection, which start at 1. A number that is 0 or came before says nothing;
/// an event that comes late, out of its order, is taken out of its hole again, if that is one of the latest few.
class gap_finder {
public:
  std::optional<gap> on_event(uint64_t seq) noexcept;
  uint64_t dropped() const noexcept { return dropped_; }

private:
  void fill(uint64_t seq) noexcept;
  void remember(gap hole) noexcept;

  uint64_t last_ = 0;
  uint64_t dropped_ = 0;
  std::array<gap, 8> holes_{}; // the latest; an empty one has `first` 0
  size_t next_ = 0;            // the one to be overwritten
};

/// What the commands give a bus that listens: to take them in, to answer or refuse, and to end, beside its drain, once
/// it has begun to.
constexpr std::chrono::seconds connect_timeout{3}, answer_timeout{5}, ending_timeout{10};

class client {
public:
  /// An event, or any other frame that the bus may send. Views are valid until the next call of any function here.
  using incoming = std::variant<event_frame, frame>;

  /// Connects, and checks by the kernel's word that the bus runs as us or as root. Root may connect to any.
  static result<client> connect(const std::string& path, std::chrono::nanoseconds timeout);

  /// For poll(); non-blocking. Stays owned by this object.
  int fd() const noexcept { return fd_.get(); }

  /// The process that listens at the other end.
  pid_t bus_pid() const noexcept { return bus_pid_; }

  // -- waiting, each at most `timeout` ------------------------------------------------------------------------------

  /// Sends encoded frames, each with its '\n'.
  result<void> send(std::string_view frames, std::chrono::nanoseconds timeout);

  /// The next line without its end.
  result<std::string_view> next_line(std::chrono::nanoseconds timeout);

  /// The next frame, events included.
  result<incoming> next(std::chrono::nanoseconds timeout);

  /// Becomes a consumer. A rejected hello is a failure of kind `refused`; so is a bus that would ignore what the hello
  /// asks for, since it names no capability of that: hooks, or being exclusive. No types are sent as the key, since
  /// other buses take none at its word.
  result<hello_ack> subscribe(const hello& request, std::chrono::nanoseconds timeout);

  /// Whether the bus has named that capability in its answer to `subscribe`.
  bool can(std::string_view capability) const noexcept;

  /// The next event; frames of other kinds are skipped, but for `bye`, which is a failure.
  result<event_frame> next_event(std::chrono::nanoseconds timeout);

  /// The bus's answer to `status_query`; `line` is that answer. Nothing else can be had from this connection then.
  result<status_response> ask_status(std::chrono::nanoseconds timeout);

  // -- not waiting --------------------------------------------------------------------------------------------------

  /// Sends what the socket takes now. @returns how many bytes that was.
  result<size_t> send_some(std::string_view bytes);

  /// Reads what has come, at most 128 KiB; that nothing has come is no failure. @returns how many bytes came.
  result<size_t> receive();

  /// The next complete frame, or line, of those that were read.
  std::optional<incoming> buffered();
  std::optional<std::string_view> buffered_line();

  /// Fails once `buffered` has met a line beyond the limit: nothing comes out behind it.
  result<void> check() const;

  /// Bytes that were read and not handed out yet.
  size_t unread() const noexcept { return splitter_.pending(); }

  /// The line of the frame that was handed out last, for those who pass it on.
  std::string_view line() const noexcept { return line_; }

private:
  client(unique_fd fd, pid_t bus_pid);
  result<void> receive_more(const deadline& until);

  unique_fd fd_;
  pid_t bus_pid_;
  frame_splitter splitter_;
  event_frame_reader reader_;
  std::vector<std::string> capabilities_;
  std::string_view line_;
};

} // namespace cafbus
