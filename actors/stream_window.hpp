#pragma once
#include "actors/stream_key.hpp"
#include "messages/event_batch.hpp"
#include "messages/stream_list.hpp"

#include <string>
#include <vector>

namespace cafbus {

/// How far each stream has come here (messages/stream_list.hpp): an event that comes a second way, or after a later one
/// of its bus, is refused, so that each is taken at most once and in order. Numbers the events that enter here, too.
///
/// Memory is bounded: beyond `max_streams` the half that was heard of longest ago is forgotten, and `max_own_streams`
/// types are numbered, the rest are not.
class stream_window {
public:
  /// @param self This bus: what it has sent out itself is refused.
  explicit stream_window(uint64_t self) : self_{self} {}

  // -- events of other buses -----------------------------------------------------------------------------------------

  struct claimed {
    bool taken = false; ///< If not, it has come before, or was missed and told as lost, or comes too late.

    /// Of its stream: itself if it comes too late, since a later event of another type has come; and those before it
    /// that had neither come nor been missed, which a link that follows the stream was to bring still.
    uint64_t lost = 0;

    bool operator==(const claimed&) const = default;
  };

  /// An event that is taken, and all before it of its bus, are refused from now on.
  claimed claim(const event_origin& x, const std::string& type);

  /// The same for an event that nobody wants: it counts as come, so that a second copy is refused even if somebody
  /// wants it by then; what is before it is nobody's business.
  void pass(const event_origin& x, const std::string& type);

  /// A link follows that stream from there on. What was before is nobody's business, unless another link follows it.
  /// @returns whether it is the first that follows it: other links have not heard of the stream, or not for some time.
  bool follow(const stream_count& x);
  void unfollow(const stream_count& x);

  /// Refuses those events from now on; not those before them, which may be about to come.
  /// @returns how many of them had not come, nor been missed, before.
  uint64_t miss(const missing_events& x);

  // -- events of this bus --------------------------------------------------------------------------------------------

  /// Numbers the events that enter from now on, since another bus may ask for them.
  void number_own() noexcept { numbers_own_ = true; }
  bool numbers_own() const noexcept { return numbers_own_; }

  /// The last number of that type; valid as long as this is. Null: it is not numbered.
  uint64_t* own(const std::string& type);

  /// If they are numbered, these types have begun, though none has come yet.
  void begin_own(const std::vector<std::string>& types);

  // ------------------------------------------------------------------------------------------------------------------

  /// The streams of the types for which `wanted` holds: those of this bus, and those that a link follows. One that has
  /// been followed only since then is listed twice, first as far as it was: who wanted it already is to count from
  /// there.
  /// @param since What `time` was. @pre whoever reads the list has wanted all of it since then
  template <class F>
  std::vector<stream_count> list(F wanted, uint64_t since = UINT64_MAX) const {
    std::vector<stream_count> result;
    for (const auto& [key, x] : streams_) {
      if ((key.node != self_ && x.followers == 0) || !wanted(key.type))
        continue;
      if (x.followed_at > since && x.first < x.type_number)
        result.push_back({key.node, key.type, x.first, x.hops});
      result.push_back({key.node, key.type, x.type_number, x.hops});
    }
    return result;
  }

  /// Grows with all that happens here.
  uint64_t time() const noexcept { return uses_; }

  size_t size() const noexcept { return streams_.size(); }

private:
  struct missed_range {
    uint64_t first;
    uint64_t last;
  };
  /// Invariant: `ahead` is ascending, disjoint, and neither touches nor lies below `type_number`.
  struct stream {
    uint64_t number = 0;      // of the last event, among all of its bus
    uint64_t type_number = 0; // all up to this one have come, were missed or were never wanted
    std::vector<missed_range> ahead;
    uint64_t used = 0;
    uint32_t hops = 0;
    uint32_t followers = 0;
    uint64_t first = 0;       // how far it was when a link began to follow it
    uint64_t followed_at = 0; // when that was

    void come_to(uint64_t to);
    uint64_t absent_before(uint64_t to) const;
  };

  stream& find_or_add(uint64_t node, const std::string& type);
  void forget_half();

  uint64_t self_;
  uint64_t uses_ = 0;
  size_t own_ = 0;
  bool numbers_own_ = false;
  stream_map<stream> streams_;
};

} // namespace cafbus
