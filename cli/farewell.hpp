#pragma once
#include "base/deadline.hpp"
#include "io/client/client.hpp"

#include <optional>
#include <string>

namespace cafbus {

/// How a consumer leaves its bus. Two things happen at once, since both cost a round trip: a second connection asks for
/// the status, in which the bus says how many events it had for this consumer and how many it dropped; and the
/// consumer's own connection asks whether it is the last one, so that a program that is started after this one has
/// ended finds its subscription gone. Then the bus is told `bye`.
///
/// A hole in the sequence numbers would tell less: a hole at the end is not seen, and what still waits is unknown.
class farewell {
public:
  /// @param bus A consumer whose events are not taken any more; those that come are counted and passed over.
  farewell(client& bus, const hello& subscription, const std::string& socket);

  /// Waits for both answers until `until`, or until `signals` is readable: a bus that does not answer, or a user who
  /// does not want to wait, ends it.
  void run(int signals, const deadline& until);

  /// The bus's account of this consumer, if it gave one.
  const std::optional<consumer_status>& account() const noexcept { return account_; }

  /// Events that came meanwhile.
  uint64_t passed_over() const noexcept { return passed_over_; }

private:
  void ask_for_account(const deadline& until);
  void read_account();
  void take_account(const status_response& status);
  void read_answer();
  void take_buffered();

  client& bus_;
  const hello& subscription_;
  const std::string& socket_;
  std::optional<client> desk_; // where the status is asked for, until it has come
  std::optional<consumer_status> account_;
  uint64_t passed_over_ = 0;
  bool waiting_ = true; // for the answer on `bus_`
};

} // namespace cafbus
