#pragma once
#include <caf/allowed_unsafe_message_type.hpp>
#include <cstdint>
#include <string>
#include <vector>

/// The events of one type that entered at one bus are a *stream*. That bus numbers them from 1 on without a hole, and
/// the number travels with each event, so that whatever is lost on the way, over any number of links, is a hole that
/// every bus behind sees. Where no event follows a loss, the bus says how far its streams have come.
namespace cafbus {

/// How far a stream has come: its event of that number is the last that has passed, or was lost, so far.
struct stream_count {
  uint64_t node = 0; ///< The bus where its events entered.
  std::string type = {};
  uint64_t number = 0; ///< 0: there was none yet.
  uint32_t hops = 0;   ///< Links between that bus and the one that says this.
  bool operator==(const stream_count&) const = default;
};

/// Door -> hub: other buses may come, so the events that enter are to be numbered.
struct number_events {};

/// Link -> hub: asks how far the streams are that a link's conn gets its events from.
struct read_streams {
  uint64_t consumer = 0; ///< The id of its conn.
};
/// Answer to that, and to a `subscribe`: the streams that are new with it, as far as they were when it took hold.
struct stream_list {
  std::vector<stream_count> streams = {};
};

/// Hub -> link: a stream has come further, and no event says so.
struct streams_moved {};

/// Events of a stream that were to come over a link and have not.
struct missing_events {
  uint64_t node = 0;
  std::string type = {};
  uint64_t first = 0; ///< Number in the stream.
  uint64_t last = 0;
  uint32_t hops = 0;
  bool operator==(const missing_events&) const = default;
};

/// Link -> hub: what it has learnt of streams; before the events that follow.
struct stream_news {
  std::vector<stream_count> followed = {}; ///< It follows these streams from there on.
  std::vector<stream_count> left = {};     ///< It follows these no more.
  std::vector<missing_events> missing = {};

  bool empty() const noexcept { return followed.empty() && left.empty() && missing.empty(); }
};
struct stream_news_taken {
  uint64_t lost = 0; ///< Of the missing events: those that have not come in another way either.
};

} // namespace cafbus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::number_events)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::read_streams)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::stream_list)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::streams_moved)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::stream_news)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::stream_news_taken)
