#pragma once
#include "actors/source_spec.hpp"
#include "messages/states.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>

namespace cafbus {

/// What one call of `line_input::next` has brought.
struct input_step {
  enum class kind : uint8_t {
    nothing, ///< Call again.
    bytes,   ///< `size` bytes are in the buffer.
    cut,     ///< What comes continues nothing: of the line at hand, that was all.
    state,   ///< Its state has changed: `state`, and why in `text`.
    stopped, ///< By `stop`.
    end,     ///< There is no more; `text` says why.
  };
  kind what = kind::nothing;
  size_t size = 0;
  source_state state = source_state::unknown;
  std::string text = {};
};

/// What a line reader reads from, and the switch that ends it. Made by its owner, used by the reader's thread alone,
/// but for the switch.
class line_input {
public:
  virtual ~line_input();
  line_input(const line_input&) = delete;
  line_input& operator=(const line_input&) = delete;

  /// Blocks until there is something to say.
  virtual input_step next(std::span<char> buffer) = 0;

  /// After the end, or after a stop: lets go of what it reads from. May block for as long as a command takes to end.
  /// @param why As `next` said. @returns the same with what has turned out since, such as an exit status.
  virtual std::string finish(bool stopped, std::string why);

  /// False: the input says itself when it is connected.
  virtual bool connected_at_once() const { return true; }

  /// Makes the reader come to its end soon. From any thread, any number of times.
  void stop() noexcept;

protected:
  line_input();
  bool has_switch() const noexcept { return stop_fd_ >= 0; }

  int stop_fd_; ///< An eventfd; readable from the stop on.
};

using opened_input = std::variant<std::shared_ptr<line_input>, std::string>;

/// Opens what a source reads: starts its command, begins to follow its file. @returns an error text if that fails.
/// @param seed Of its pauses, if it makes any.
opened_input open_input(const source_spec& spec, uint64_t seed);

} // namespace cafbus
