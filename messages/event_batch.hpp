#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cafbus {

/// Where an event entered the network of linked buses, so that no bus takes it in twice.
struct event_origin {
  uint64_t node = 0;     ///< The bus that took it in from a source or producer; 0: this one.
  uint64_t number = 0;   ///< Its place among all events of that bus; only grows.
  uint32_t hops = 0;     ///< Links between buses that it has crossed.
  uint32_t reserved = 0; ///< 0; no byte of it is left undefined where it is copied whole.
  /// Its place among the events of its type on that bus, from 1 on without a hole; 0: that bus does not count them.
  uint64_t type_number = 0;
  bool operator==(const event_origin&) const = default;
};

/// Events that arrived together, each encoded once as the two parts of its `event` frame around the sequence number.
/// Immutable after it is built; shared by count per batch and consumer, never per event.
///
/// The frame of event `i` for a consumer is `head(i)`, the decimal sequence number, `tail(i)` (with its '\n').
struct event_batch {
  struct slot {
    uint32_t begin;    ///< Of the head in `bytes`; the slots lie there back to back.
    uint32_t head;     ///< Bytes before the sequence number.
    uint32_t tail;     ///< Bytes after it.
    uint32_t type;     ///< Index into `types`.
    uint32_t id_begin; ///< Of the event id as it stands in the head (escaped, without quotes); id_size 0: none.
    uint32_t id_size;
    uint32_t payload_begin; ///< Of the payload in `bytes`.
    uint32_t payload_size;
  };

  std::string bytes;
  std::vector<slot> slots;
  std::vector<std::string> types;    ///< The distinct event types, decoded, in order of appearance.
  std::vector<event_origin> origins; ///< One an event, if they came from another bus; empty: all are this bus's own.
  std::vector<uint64_t> positions;   ///< One an event, if they were copied together; empty: see `event_range::base`.

  size_t size() const noexcept { return slots.size(); }
  bool empty() const noexcept { return slots.empty(); }

  std::string_view head(size_t i) const noexcept { return {bytes.data() + slots[i].begin, slots[i].head}; }
  std::string_view tail(size_t i) const noexcept {
    return {bytes.data() + slots[i].begin + slots[i].head, slots[i].tail};
  }
  const std::string& type(size_t i) const noexcept { return types[slots[i].type]; }
  /// Equal ids have equal bytes here, since the encoder escapes them in one way only.
  std::string_view id(size_t i) const noexcept { return {bytes.data() + slots[i].id_begin, slots[i].id_size}; }
  std::string_view payload(size_t i) const noexcept {
    return {bytes.data() + slots[i].payload_begin, slots[i].payload_size};
  }

  /// Encoded bytes of the events [first, last), sequence numbers not counted.
  size_t bytes_of(size_t first, size_t last) const noexcept {
    if (first == last)
      return 0;
    const auto& l = slots[last - 1];
    return l.begin + l.head + l.tail - slots[first].begin;
  }
};

using event_batch_ptr = std::shared_ptr<const event_batch>;

/// What this bus gave the events of a batch when they came in; only where another bus may ask for them.
struct batch_numbers {
  uint64_t first = 0;            ///< The `number` of the batch's first event; the others follow.
  std::vector<uint64_t> of_type; ///< The `type_number` of each event.
};
using batch_numbers_ptr = std::shared_ptr<const batch_numbers>;

/// The events [first, last) of a batch, for one consumer, with the sequence number of the first.
struct event_range {
  event_batch_ptr batch;
  uint32_t first = 0;
  uint32_t last = 0;
  uint64_t seq = 0;
  batch_numbers_ptr numbers = {}; ///< Null: they were given none, or have come from another bus.
  uint64_t base = 0;    ///< Position of the batch's event 0 among all that came in, from 1 on; 0: nobody asks for it.
  uint32_t attempt = 1; ///< How often members of a group have been given these events, this time included.

  size_t size() const noexcept { return last - first; }
  size_t bytes() const noexcept { return batch->bytes_of(first, last); }

  /// Where event `i` of the batch comes from. @pre first <= i < last
  event_origin origin(uint32_t i) const noexcept {
    if (!batch->origins.empty())
      return batch->origins[i];
    return numbers ? event_origin{0, numbers->first + i, 0, 0, numbers->of_type[i]} : event_origin{};
  }

  /// The place of event `i` of the batch among all that came in; 0: unknown. @pre first <= i < last
  uint64_t position(uint32_t i) const noexcept {
    if (!batch->positions.empty())
      return batch->positions[i];
    return base == 0 ? 0 : base + i;
  }
};

/// Appends the `event` frames of a range to `out`, which is a std::string or a std::vector<char>.
/// @param epoch Of their cursors; 0: they carry none.
template <class Buffer>
void append_frames(Buffer& out, const event_range& range, uint64_t epoch = 0);

/// The same frames as pieces that lie in the batches, with only the sequence numbers beside them: for events so large
/// that to copy them costs more than to name them.
class frame_pieces {
public:
  void clear() noexcept;
  void append(const event_range& range, uint64_t epoch = 0);

  size_t bytes() const noexcept { return bytes_; }

  /// In order; valid until the next change, and as long as the batches are.
  const std::vector<std::string_view>& pieces();

private:
  struct piece {
    const char* data; ///< Null: in `digits_`.
    size_t begin;
    size_t size;
  };
  std::vector<piece> parts_;
  std::string digits_;
  std::vector<std::string_view> pieces_;
  size_t bytes_ = 0;
};

} // namespace cafbus
