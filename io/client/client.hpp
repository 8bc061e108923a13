#pragma once
#include "base/unique_fd.hpp"
#include "messages/event_frame.hpp"
#include "messages/frame_splitter.hpp"
#include "messages/frames.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

/// A client of the bus in plain C++: no actors, no threads, no exceptions, no signals raised. Not thread-safe.
///
///   auto connected = client::connect(socket_path, 3s);
///   auto& bus = std::get<client>(connected);                    // or a client_failure
///   hello request;
///   request.event_key = "im.message";
///   auto ack = bus.subscribe(request, 5s);                      // a hello_ack, or a client_failure
///   for (auto got = bus.next_event(60s); auto* event = std::get_if<event_frame>(&got); got = bus.next_event(60s))
///     use(event->payload);
///
/// A program with an event loop of its own polls `fd()`, then calls `receive` and `buffered` until that has no more,
/// and looks at `too_long`.
namespace cafbus {

/// Why a call did not do what it was asked: `kind` for programs, `text` for people.
/// Text that came from the bus stands in it as it came; escape it before showing it on a terminal.
struct client_failure {
  enum class reason : uint8_t {
    timeout,
    not_running, ///< Nobody listens at that path.
    closed,      ///< The bus has ended the connection.
    said_bye,    ///< It is about to; `text` is its reason.
    stopping,    ///< It cannot serve any more; `text` is its reason. Another one may be started.
    refused,     ///< It said no; `text` is why.
    busy,        ///< It is setting up or cleaning up for this subscription, or has no room; try again.
    protocol,    ///< It sent something that no bus sends.
    foreign,     ///< It runs as a user that is neither us nor root.
    usage,       ///< The caller's own: what was to be sent is no event, or the name of an app is none.
    system,      ///< A system call failed.
  };
  reason kind = reason::system;
  std::string text;
};

/// A hole in the sequence numbers: the events `first` to `last` were dropped.
struct gap {
  uint64_t first = 0;
  uint64_t last = 0;
  bool operator==(const gap&) const = default;
};

/// Finds the holes in the numbers of one connection, which start at 1. A number that is 0 or not new says nothing.
class gap_finder {
public:
  std::optional<gap> on_event(uint64_t seq) noexcept;
  uint64_t dropped() const noexcept { return dropped_; }

private:
  uint64_t last_ = 0;
  uint64_t dropped_ = 0;
};

/// What the commands give a bus that listens: to take them in, to answer or refuse, and to end, beside its drain, once
/// it has begun to.
constexpr std::chrono::seconds connect_timeout{3}, answer_timeout{5}, ending_timeout{10};

class client {
public:
  /// An event, or any other frame that the bus may send. Views are valid until the next call of any function here.
  using incoming = std::variant<event_frame, frame>;

  /// Connects, and checks by the kernel's word that the bus runs as us or as root.
  static std::variant<client, client_failure> connect(const std::string& path, std::chrono::nanoseconds timeout);

  /// For poll(); non-blocking. Stays owned by this object.
  int fd() const noexcept { return fd_.get(); }

  /// The process that listens at the other end.
  pid_t bus_pid() const noexcept { return bus_pid_; }

  // -- waiting, each at most `timeout` ------------------------------------------------------------------------------

  /// Sends encoded frames, each with its '\n'.
  std::optional<client_failure> send(std::string_view frames, std::chrono::nanoseconds timeout);

  /// The next line without its end.
  std::variant<std::string_view, client_failure> next_line(std::chrono::nanoseconds timeout);

  /// The next frame, events included.
  std::variant<incoming, client_failure> next(std::chrono::nanoseconds timeout);

  /// Becomes a consumer. A rejected hello is a failure of kind `refused`.
  std::variant<hello_ack, client_failure> subscribe(const hello& request, std::chrono::nanoseconds timeout);

  /// The next event; frames of other kinds are skipped, but for `bye`, which is a failure.
  std::variant<event_frame, client_failure> next_event(std::chrono::nanoseconds timeout);

  // -- not waiting --------------------------------------------------------------------------------------------------

  /// Sends what the socket takes now. @returns how many bytes that was.
  std::variant<size_t, client_failure> send_some(std::string_view bytes);

  /// Reads what has come, at most 64 KiB; that nothing has come is no failure. @returns how many bytes came.
  std::variant<size_t, client_failure> receive();

  /// The next complete frame, or line, of those that were read.
  std::optional<incoming> buffered();
  std::optional<std::string_view> buffered_line();

  /// The failure that a line beyond the limit is, once `buffered` has met it: nothing comes out behind it.
  std::optional<client_failure> too_long() const;

  /// Bytes that were read and not handed out yet.
  size_t unread() const noexcept { return splitter_.pending(); }

  /// The line of the frame that was handed out last, for those who pass it on.
  std::string_view line() const noexcept { return line_; }

private:
  client(unique_fd fd, pid_t bus_pid);

  unique_fd fd_;
  pid_t bus_pid_;
  frame_splitter splitter_;
  event_frame_reader reader_;
  std::string_view line_;
};

} // namespace cafbus
