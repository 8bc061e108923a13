#pragma once
#include "messages/event_encoder.hpp"
#include "testing/scripts.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <map>
#include <random>

/// The actors that play the scripts. They share plain records with the harness: everything runs on its thread.
namespace cafbus::testing {

/// An event as a consumer saw it.
struct sighting {
  uint64_t seq = 0;
  uint64_t node = 0;   ///< Where it entered; never 0.
  uint64_t number = 0; ///< Its number there.
  uint32_t hops = 0;
  std::string_view type;
  std::string_view payload;
};

/// A line of the trace about it, without its end.
void append_sighting(std::string& to, const std::string& bus, const std::string& consumer, const sighting& x);

// -- source ----------------------------------------------------------------------------------------------------------

struct source_record {
  std::string name;
  source_script script;
  bool silent = false;                   ///< Told to publish no more.
  uint64_t published = 0;                ///< The last number.
  std::map<std::string, uint64_t> taken; ///< By type: events that the bus has accepted.
  cafbus::wall_clock wall_clock;
  std::function<void()> on_publish;
};

/// INTERNAL timer.
struct publish_due {};

using scripted_source_actor = source_actor::extend<caf::reacts_to<publish_due>>;

scripted_source_actor spawn_scripted_source(caf::actor_system& system, std::shared_ptr<source_record> record,
                                            const bus_parts& bus, std::mt19937_64& random);

// -- consumer --------------------------------------------------------------------------------------------------------

struct consumer_record {
  std::string name;
  consumer_script script;
  uint64_t node = 0; ///< Of its bus.
  bool stuck = false;
  bool over = false; ///< Has ended, or is about to.
  uint64_t seen = 0;
  std::function<void(const sighting&)> on_event;
};

/// Gives back all credit that is kept back.
struct release_credit {};
/// INTERNAL timer.
struct credit_due {};

using scripted_consumer_actor = subscriber_actor::extend<caf::reacts_to<release_credit>, caf::reacts_to<credit_due>>;

scripted_consumer_actor spawn_scripted_consumer(caf::actor_system& system, std::shared_ptr<consumer_record> record,
                                                std::mt19937_64& random);

/// From `shortest` to `longest`, by lot.
std::chrono::nanoseconds draw_time(std::mt19937_64& random, std::chrono::nanoseconds shortest,
                                   std::chrono::nanoseconds longest);

} // namespace cafbus::testing

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::testing::publish_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::testing::release_credit)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::testing::credit_due)
