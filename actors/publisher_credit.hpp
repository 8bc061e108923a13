#pragma once
#include "messages/actor_messages.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

namespace cafbus {

/// Which publishers wait for which consumers: the hub's share of the work, without actors and timers. Publishers wait
/// for consumers of the policy block, and for all of a batch's if they have asked to.
///
/// The hub asks the conn of each such consumer for room, and again once so much has been sent to it as it then had room
/// for. Until the conn answers, the publisher of that batch gets no answer and sends nothing more, but only until the
/// conn has been without room for the limit: the consumer's own or the publisher's, whichever is longer. After that
/// nobody waits for it until it has room again.
class publisher_credit {
public:
  using consumer_id = uint64_t;
  using ticket = uint64_t; ///< Of a publisher's batch, of the caller's choice.
  using time_point = std::chrono::steady_clock::time_point;

  /// A consumer of the policy block.
  void add(consumer_id x, std::chrono::nanoseconds limit);
  void remove(consumer_id x);
  bool empty() const noexcept { return consumers_.empty(); }

  struct to_do {
    bool ask = false;                              ///< Its conn is to be asked for room.
    std::optional<std::chrono::nanoseconds> timer; ///< To be started, for `look`.
  };

  struct publisher {
    int64_t pid = 0;
    std::chrono::nanoseconds limit{0}; ///< How long it waits for any consumer.
  };

  /// So much of a publisher's batch was for this consumer.
  to_do hold(ticket batch, const publisher& whose, consumer_id consumer, const room& sent, time_point now);

  /// @returns whether an answer has to wait for anybody. To be called when all consumers of the batch are known.
  bool is_held(ticket batch) const { return held_.contains(batch); }

  void has_room(consumer_id x, const room& left);

  /// The timer has gone off. @returns how long the next one is to run, if any.
  std::optional<std::chrono::nanoseconds> look(consumer_id x, time_point now);

  /// All publishers stop waiting.
  void release_all();

  /// Batches that have to wait no longer, since the last call.
  std::vector<ticket> take_released() { return std::exchange(released_, {}); }

  /// Process ids of the publishers that wait for it.
  std::vector<int64_t> waiting_for(consumer_id x) const;

private:
  struct waiting {
    ticket batch = 0;
    time_point until;
  };
  struct consumer {
    std::chrono::nanoseconds limit{0}; // 0: of another policy
    room left;                         // by its last answer, less what it was sent since
    std::optional<time_point> asked;   // for room, and not answered yet
    std::optional<time_point> timer;   // when the next `look` comes
    std::vector<waiting> batches;
  };
  struct batch {
    int64_t pid = 0;
    size_t waits_for = 0;
  };

  static bool spend(consumer& x, const room& sent);
  void release(ticket x);
  void release(consumer& x);

  std::unordered_map<consumer_id, consumer> consumers_;
  std::unordered_map<ticket, batch> held_;
  std::vector<ticket> released_;
};

/// What these events of a batch take of a consumer's room.
room size_of(const event_batch& batch, std::span<const event_span> spans);

} // namespace cafbus
