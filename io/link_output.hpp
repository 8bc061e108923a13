#pragma once
#include "io/socket_calls.hpp"

#include <caf/io/abstract_broker.hpp>
#include <caf/io/connection_handle.hpp>
#include <chrono>
#include <span>
#include <string_view>

namespace cafbus {

/// The sending side of one socket: straight into the kernel while it takes all, through CAF's write buffer for the
/// rest.
///
/// Invariant: bytes leave in the order of the writes, since nothing goes past a buffer that is not empty.
class link_output {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// @param broker The actor that owns `handle`; both and `calls` outlive this object.
  link_output(caf::io::abstract_broker& broker, caf::io::connection_handle handle, socket_calls& calls)
    : broker_{broker}, handle_{handle}, calls_{calls} {}

  enum class result : uint8_t {
    sent,    ///< The kernel has it all.
    pending, ///< The rest will follow; `transferred` tells when.
    broken,  ///< The peer takes nothing any more.
  };
  result write(std::string_view data) { return write(std::span{&data, 1}); }

  /// Writes all pieces, in order.
  result write(std::span<const std::string_view> pieces);

  /// From data_transferred_msg. @returns whether everything has left.
  bool transferred(size_t remaining, time_point now);

  caf::io::connection_handle handle() const noexcept { return handle_; }

  size_t pending() const noexcept { return pending_; }
  /// When the kernel last took something, or the first pending byte was written.
  time_point last_progress() const noexcept { return last_progress_; }

  /// Cuts the connection; what is pending is lost.
  void shut_down() { calls_.shut_down(fd()); }

private:
  int fd() const noexcept { return static_cast<int>(handle_.id()); } // CAF 0.17: its default multiplexer only

  caf::io::abstract_broker& broker_;
  caf::io::connection_handle handle_;
  socket_calls& calls_;
  size_t pending_ = 0;
  time_point last_progress_{};
};

} // namespace cafbus
