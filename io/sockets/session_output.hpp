#pragma once
#include "io/sockets/socket_calls.hpp"
#include "messages/event_batch.hpp"

#include <caf/io/abstract_broker.hpp>
#include <caf/io/connection_handle.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cafbus {

/// The sending side of one socket: straight into the kernel while it takes all; the rest of large events from where
/// they lie, of anything else through CAF's write buffer.
///
/// Invariant: bytes leave in the order of the writes, since nothing goes past what is pending.
class session_output {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// @param broker The actor that owns `handle`; both and `calls` outlive this object.
  session_output(caf::io::abstract_broker& broker, caf::io::connection_handle handle, socket_calls& calls)
    : broker_{broker}, handle_{handle}, calls_{calls} {}

  enum class result : uint8_t {
    sent,    ///< The kernel has it all.
    pending, ///< The rest will follow; `transferred` tells when.
    broken,  ///< The peer takes nothing any more.
  };
  result write(std::string_view data);

  /// Writes the frames of `events`. What the kernel does not take stays where it lies: slow consumers share it.
  /// @pre nothing of an earlier call is pending.
  result write(frame_pieces& frames, const std::vector<event_range>& events);

  /// From data_transferred_msg. @returns whether everything has left.
  bool transferred(size_t remaining, time_point now);

  caf::io::connection_handle handle() const noexcept { return handle_; }

  size_t pending() const noexcept { return buffered_ + after_.size() + (held_ ? held_->rest() : 0); }
  /// When the kernel last took something, or the first pending byte was written.
  time_point last_progress() const noexcept { return last_progress_; }
  /// What is pending counts as written now.
  void count_from(time_point now) noexcept { last_progress_ = now; }

  /// Cuts the connection; what is pending is lost.
  void shut_down() { calls_.shut_down(fd()); }

private:
  struct held_frames {
    size_t rest() const noexcept { return frames.bytes() - sent; }
    std::vector<std::string_view> unsent();

    frame_pieces frames;
    std::vector<event_range> events; // keep alive what `frames` names
    size_t sent;
  };

  void buffer(std::string_view data);
  void buffer_held();

  int fd() const noexcept { return static_cast<int>(handle_.id()); } // CAF 0.17: its default multiplexer only

  caf::io::abstract_broker& broker_;
  caf::io::connection_handle handle_;
  socket_calls& calls_;
  size_t buffered_ = 0;             // in CAF's buffer
  std::optional<held_frames> held_; // behind that
  std::string after_;               // behind both; empty unless something is held
  time_point last_progress_{};
};

} // namespace cafbus
