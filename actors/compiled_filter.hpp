#pragma once
#include "messages/event_filter.hpp"

#include <memory>

namespace cafbus {

struct event_batch;

class payload_reader;

/// What a filter says of an event.
enum class verdict : uint8_t {
  no,
  yes,
  unknown, ///< It cannot be judged: a member is missing, or the two values have no order.
};

/// A filter made ready for many payloads; never changes, safe from any thread.
///
/// A member that is missing is `unknown` to all but `exists`. Values of different kinds are unequal, and have no order.
/// Integers of 64 bits are compared exactly, other numbers as doubles, strings by their bytes without escapes. Of
/// several members of one name the first one counts. A condition that does not hold decides, whatever the others are;
/// so the order of conditions makes no difference.
class compiled_filter {
public:
  /// @pre check_filter(filter)
  explicit compiled_filter(const event_filter& filter);

  /// Judges the payload that is open. Allocates nothing.
  verdict judge(payload_reader& payload) const;

  /// Why the payload that is open is `unknown`, for people; empty if it is not.
  std::string why_unknown(payload_reader& payload) const;

  struct step {
    std::string name;
    bool is_plain = false;       // stands in JSON as it is, if without escapes
    std::optional<size_t> index; // in a list
  };
  struct condition {
    std::string pointer;
    std::vector<step> steps;
    filter_op op = filter_op::unknown;
    std::vector<filter_scalar> values; // one, or those of `in`
  };

private:
  std::vector<condition> conditions_;
};

using compiled_filter_ptr = std::shared_ptr<const compiled_filter>;

/// Opens payloads for filters, one at a time. Keeps its memory, so that it takes none for further payloads of the size.
class payload_reader {
public:
  payload_reader();
  ~payload_reader();
  payload_reader(const payload_reader&) = delete;
  payload_reader& operator=(const payload_reader&) = delete;

  /// Until the next one is opened, and as long as the batch is there.
  /// @returns whether it can be judged; if not, there is no memory for it.
  bool open(const event_batch& batch, size_t i);

private:
  friend class compiled_filter;
  struct state; // simdjson's classes differ with the optimisation, so they stand in no header that tests include
  std::unique_ptr<state> state_;
};

} // namespace cafbus
