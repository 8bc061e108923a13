#pragma once
#include "actors/source_spec.hpp"
#include "base/result.hpp"
#include "base/spawn.hpp"
#include "base/wakeup.hpp"
#include "messages/states.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace cafbus {

/// What one call of `line_input::next` has brought.
struct input_step {
  enum class kind : uint8_t {
    nothing, ///< Call again.
    bytes,   ///< `size` bytes are in the buffer.
    text,    ///< The same, in `text`.
    cut,     ///< What comes is the beginning of something else; its first line may yet continue the last one.
    state,   ///< Its state has changed: `state`, and why in `text`.
    stopped, ///< By `stop`.
    end,     ///< There is no more; `text` says why.
  };
  kind what = kind::nothing;
  size_t size = 0;
  source_state state = source_state::unknown;
  std::string text = {};
};

/// How an input has ended.
struct input_end {
  std::string detail;  ///< "end of input", how the command ended and what it said last, or an error.
  bool failed = false; ///< Not by its end, nor by `stop`.
};

/// What a line reader reads from, and the switch that ends it. Made by its owner, used by the reader's thread alone,
/// but for the switch.
class line_input {
public:
  virtual ~line_input() = default;
  line_input(const line_input&) = delete;
  line_input& operator=(const line_input&) = delete;

  /// Starts what there is to be started. @returns a failure if that cannot be done; then `next` is not called.
  virtual result<void> begin() { return {}; }

  /// Blocks until there is something to say.
  virtual input_step next(std::span<char> buffer) = 0;

  /// The events of all whole lines that `next` has brought are with the hub.
  virtual void on_taken() {}

  /// After the end, or after a stop: lets go of what it reads from. May block for as long as a command takes to end.
  /// @param why As `next` said. @returns the same with what has turned out since, such as an exit status.
  virtual input_end finish(bool stopped, std::string why) { return {std::move(why), !stopped}; }

  /// False: the input says itself when it is connected.
  virtual bool connected_at_once() const { return true; }

  /// Makes the reader come to its end soon. From any thread, any number of times.
  void stop() noexcept { stop_.set(); }

protected:
  explicit line_input(wakeup stop) noexcept : stop_{std::move(stop)} {}

  wakeup stop_; ///< On from the stop on.
};

using opened_input = result<std::shared_ptr<line_input>>;

/// What inputs need to know beside their specification.
struct input_options {
  source_spec spec;
  uint64_t seed = 0;              ///< Of its pauses, if it makes any.
  command_defaults commands = {}; ///< Of `exec:`.
  std::string positions = {};     ///< Folder where `file:` remembers how far it has read; empty: it does not.
};

/// Makes what a source reads. @returns a failure if the system refuses.
opened_input open_input(const input_options& x);

} // namespace cafbus
