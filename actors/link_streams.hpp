#pragma once
#include "actors/pattern_index.hpp"
#include "actors/stream_key.hpp"
#include "messages/actor_messages.hpp"
#include "messages/stream_list.hpp"

#include <string_view>
#include <unordered_map>

namespace cafbus {

/// What one link is to bring, stream by stream, so that what it does not bring is noticed; outlives its connections.
///
/// A type is *settled* once the other bus has said how far its streams were when the wish for it took hold; only then
/// is it known where to count from. A wish that goes on over a new connection stays settled: what passed meanwhile is
/// missing. Pure: no actor, no clock.
class link_streams {
public:
  /// A connection has been made. @param peer The bus at its other end. If it has taken the place of another one, what
  /// it took in before it was asked is missing, too.
  void connected(uint64_t peer);

  /// This is asked for from now on, as the `asked_count()`th interest over this connection.
  /// @returns the streams that are not followed any more.
  stream_news ask(const node_interest& x);
  uint32_t asked_count() const noexcept { return asked_count_; }

  /// An event has come. Adds to `news` what that says.
  void on_event(const event_origin& x, const std::string& type, stream_news& news);

  /// The other bus has said how far streams are, in answer to all interests up to `answered`.
  /// @param complete It has said all that it had to answer.
  void on_list(const std::vector<stream_count>& x, uint32_t answered, bool complete, stream_news& news);

  /// Nothing more is asked for.
  stream_news end();

  size_t size() const noexcept { return streams_.size(); }

private:
  bool is_settled(const std::string& type) const;
  bool is_asked(const std::string& type) const;
  void index_patterns();
  bool begins_here(const stream_count& x) const noexcept { return x.hops == 1 && x.node == peer_ && !overflown_; }
  stream_count* find(uint64_t node, const std::string& type);
  stream_count* add(const stream_count& from, stream_news& news);
  static void advance(stream_count& x, uint64_t missing_to, uint64_t to, uint32_t hops, stream_news& news);

  uint64_t peer_ = 0;
  uint32_t asked_count_ = 0;
  uint32_t answered_ = 0;
  bool overflown_ = false;                             // some are not followed: one that is not known need not be new
  std::unordered_map<std::string, uint32_t> types_;    // asked for, and with which interest first
  std::unordered_map<std::string, uint32_t> patterns_; // the same
  pattern_index index_;                                // of them, each under its interest: many types are looked up
  stream_map<stream_count> streams_;                   // how far each has come
  stream_count* latest_ = nullptr;                     // of them: most often the next event is of the same
};

} // namespace cafbus
