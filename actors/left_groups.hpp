#pragma once
#include "actors/child_process.hpp"

#include <chrono>
#include <optional>
#include <poll.h>
#include <string>
#include <unordered_map>
#include <vector>

namespace cafbus {

/// The processes that hooks have left and that go on until their subscription id needs them no longer: a group each,
/// led by a shell that has ended. What they write to standard error is read and forgotten.
///
/// Invariant: a group costs one descriptor while one of its processes has the standard error of the hook open, then
/// none; at most `most` groups cost one. For one thread.
class left_groups {
public:
  using clock = std::chrono::steady_clock;

  /// No descriptor tells when processes that were asked to end have done so: they are looked at this often.
  static constexpr auto look_interval = std::chrono::milliseconds{20};

  explicit left_groups(size_t most) noexcept : most_{most} {}

  /// Keeps them under that id, in the place of others. @pre the shell has ended
  /// @returns false if they would be one too many: then they have been ended.
  bool keep(const std::string& id, child_process shell);

  /// Gives them up. @returns nothing if the id has none.
  std::optional<child_process> take(const std::string& id);

  /// Ends them with SIGKILL, if there are any.
  void drop(const std::string& id) noexcept { groups_.erase(id); }

  /// Adds what poll() is to wait for before `skip` is called, and until when at most.
  void await(std::vector<pollfd>& fds, clock::time_point& until) const;

  /// Reads what they have written, and nothing more for a while: one that writes without end has to wait, instead of
  /// keeping a processor busy here.
  void skip();

  /// Ends all: SIGTERM, time to end, SIGKILL.
  void end();

private:
  std::unordered_map<std::string, child_process> groups_;
  size_t most_;
  clock::time_point rest_until_{};
};

} // namespace cafbus
