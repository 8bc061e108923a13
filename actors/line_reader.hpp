#pragma once
#include "actors/child_process.hpp"
#include "messages/actors.hpp"

#include <caf/actor_system.hpp>
#include <memory>

namespace cafbus {

/// What a line reader reads from, and the switch that ends it. Made by its owner, used up by the reader.
class line_input {
public:
  /// Standard input, which is not closed.
  static std::variant<std::shared_ptr<line_input>, std::string> standard_input();
  /// A command's output.
  static std::variant<std::shared_ptr<line_input>, std::string> command(const std::string& text);

  ~line_input();
  line_input(const line_input&) = delete;
  line_input& operator=(const line_input&) = delete;

  /// Makes the reader come to its end soon. From any thread, any number of times.
  void stop();

  int fd = -1;
  int stop_fd = -1; ///< An eventfd.
  std::unique_ptr<child_process> child;

private:
  line_input() = default;
};

/// Reader -> its owner: it has ended.
struct reader_ended {
  uint64_t epoch = 0;
  uint64_t events = 0; ///< Accepted while it ran.
  std::string detail;  ///< "end of input", how the command ended and what it said last, or an error.
};

using reader_owner_actor = caf::typed_actor<caf::reacts_to<reader_ended>>;

/// Spawns a detached actor that blocks on the input, parses and encodes on its own thread, and publishes in batches:
/// what one read brings travels together, and nothing is read while a batch waits for the hub. It ends after
/// `reader_ended`.
/// @param epoch Comes back in `reader_ended`.
void spawn_line_reader(caf::actor_system& system, std::shared_ptr<line_input> input, std::string source_name,
                       hub_actor hub, reader_owner_actor owner, uint64_t epoch);

} // namespace cafbus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::reader_ended)
