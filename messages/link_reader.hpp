#pragma once
#include "messages/link_frames.hpp"

#include <deque>

namespace cafbus {

/// Turns the bytes of one peer into frames, and knows which frame may come next. Pure: no actor, no socket, no clock;
/// it never throws but for want of memory.
///
/// A body is taken in as it comes: nothing is reserved for bytes that a peer has only announced. The first offence is
/// the last word: nothing is read after it.
class link_reader {
public:
  /// @param own The side that reads.
  explicit link_reader(link_side own) : own_{own} {}

  /// Takes bytes up to the end of the next frame. @returns how many; all, unless `frame` or `offence` has something
  /// now.
  size_t read(std::string_view bytes);

  /// Hands the frame out that is complete now, if one is.
  std::optional<link_frame> frame() { return std::exchange(frame_, std::nullopt); }

  std::optional<link_offence> offence() const noexcept { return offence_; }

  /// To be called for each frame that this side sends, since that decides what may come.
  void sent(link_kind x);

  /// To be called every `link_ping_interval`: so often some pings are in order.
  void tick() noexcept { pings_ = 0; }

  /// What both sides speak; 0 before the peer's greeting.
  uint16_t protocol() const noexcept { return protocol_; }

  /// Bytes of a frame that is not complete, as they are held.
  size_t held() const noexcept { return buffer_.capacity(); }

private:
  size_t read_greeting(std::string_view bytes);
  size_t read_header(std::string_view bytes);
  size_t fill(std::string_view bytes, size_t wanted);
  void finish_greeting();
  void finish_header();
  void finish_body();
  bool has_window() const noexcept;
  bool may_come(link_kind x) const noexcept;
  void came(link_kind x, uint32_t length);
  void fail(link_offence x) noexcept { offence_ = x; }

  enum class stage : uint8_t { greeting, header, body };
  enum class phase : uint8_t {
    introduction, ///< Neither hello nor welcome has been sent or has come.
    hello,        ///< The hello has been sent, or has come.
    open,         ///< So has the welcome.
  };

  link_side own_;
  stage stage_ = stage::greeting;
  phase phase_ = phase::introduction;
  link_kind kind_ = link_kind::ping;
  uint32_t length_ = 0;
  uint16_t protocol_ = 0;
  bool asking_ = false;            // an interest has been sent or has come, and was not answered
  std::deque<uint32_t> in_flight_; // lengths of events that have come (or were sent: 0) and were not acknowledged
  size_t bytes_in_flight_ = 0;     // the same, together
  uint32_t pings_ = 0;             // of the peer, since the last tick
  uint32_t pongs_due_ = 0;
  std::string buffer_; // of what is incomplete
  std::optional<link_frame> frame_;
  std::optional<link_offence> offence_;
};

} // namespace cafbus
