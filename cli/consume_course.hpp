#pragma once
#include "cli/consume_join.hpp"
#include "cli/consume_session.hpp"
#include "config/paths.hpp"

#include <string>

namespace cafbus {

/// A run that goes on when its bus ends or gives it up (`--reconnect`): one session after another, each of which begins
/// behind the last event of the one before. A bus that was lost is started again where that is allowed; one that has
/// said bye was ended on purpose, and is waited for.
class consume_course {
public:
  /// @param request Is changed from session to session. Outlives this. @param policy As for the first session.
  consume_course(app_paths paths, spawn_policy policy, consume_request& request);

  /// Takes over signals, as a session does; the first one is to begin.
  result<void> prepare(client bus, consume_means means);

  /// Before it runs: it is to take no event, and only to leave the bus and count.
  void give_up() { session_->give_up(); }

  /// Runs to its end.
  consume_end run();

  /// Of all sessions.
  const consume_totals& totals() const noexcept { return totals_; }
  bool output_failed() const noexcept { return output_failed_; }

private:
  using clock = std::chrono::steady_clock;

  void add_up();
  void begin_behind_it();
  bool rejoin(consume_end& why);
  std::optional<consume_end> pause(std::chrono::nanoseconds time);
  bool is_time_left(consume_end& why);

  app_paths paths_;
  spawn_policy policy_;
  consume_request& request_;
  std::optional<consume_session> session_;
  std::optional<consume_means> means_; // between two sessions
  consume_totals totals_;
  bool output_failed_ = false;
  clock::time_point began_ = clock::now();
  clock::time_point lost_at_{};
  std::chrono::nanoseconds timeout_;
  std::string began_text_; ///< The same as the bus reads it.
};

} // namespace cafbus
