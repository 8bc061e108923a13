#pragma once
#include "actors/line_input.hpp"
#include "config/defaults.hpp"
#include "messages/actors.hpp"

#include <caf/actor_system.hpp>
#include <memory>

namespace cafbus {

/// Reader -> its owner: the input's own word about its state.
struct reader_state {
  uint64_t epoch = 0;
  source_state state = source_state::unknown;
  std::string detail;
};

/// Reader -> its owner: events have come in, if the owner wants to know.
struct reader_progress {
  uint64_t epoch = 0;
};

/// Reader -> its owner: it has ended.
struct reader_ended {
  uint64_t epoch = 0;
  uint64_t events = 0; ///< Accepted while it ran.
  std::string detail;  ///< "end of input", how the command ended and what it said last, or an error.
  bool failed = false; ///< Not by its end, nor by a stop.
};

using reader_owner_actor =
    caf::typed_actor<caf::reacts_to<reader_state>, caf::reacts_to<reader_progress>, caf::reacts_to<reader_ended>>;

struct line_reader_options {
  std::shared_ptr<line_input> input;
  std::string source_name;
  hub_actor hub;
  reader_owner_actor owner;
  uint64_t epoch = 0;          ///< Comes back in every message.
  bool tells_progress = false; ///< One message for each batch with events in it.
  size_t max_json_depth = defaults::max_json_depth;
};

/// Starts a thread that blocks on the input, parses and encodes there, and publishes in batches: what one read brings
/// travels together, and nothing is read while a batch waits for the hub. It ends after `reader_ended`.
/// @returns a failure if there is no thread to be had; then nothing is sent.
result<void> start_line_reader(caf::actor_system& system, line_reader_options options);

} // namespace cafbus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::reader_state)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::reader_progress)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::reader_ended)
