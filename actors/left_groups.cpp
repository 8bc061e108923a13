#include "actors/left_groups.hpp"

#include "base/deadline.hpp"
#include "config/defaults.hpp"

#include <algorithm>
#include <csignal>

// A tunnel that was started with its hook's standard error writes there for as long as it lives. That pipe cannot be
// changed for another one; closed, it would end the tunnel by SIGPIPE; full, it would stop it in the middle of a write.
// So it is read, and costs a descriptor.

namespace cafbus {

namespace {

using namespace std::chrono_literals;

/// Between two looks at what they have written. A pipe's content in that time, 640 KiB per second, is more than a
/// tunnel has to say.
constexpr auto pause_between_skips = 100ms;

bool has_errors_open(const child_process& x) noexcept {
  return x.errors() >= 0;
}

} // namespace

bool left_groups::keep(const std::string& id, child_process shell) {
  shell.close_end();
  shell.skip_errors(); // if nobody has them open, this is where it shows
  groups_.erase(id);
  auto writing = std::ranges::count_if(groups_, [](const auto& x) { return has_errors_open(x.second); });
  if (has_errors_open(shell) && static_cast<size_t>(writing) >= most_)
    return false;
  groups_.emplace(id, std::move(shell));
  return true;
}

std::optional<child_process> left_groups::take(const std::string& id) {
  std::optional<child_process> result;
  if (auto i = groups_.find(id); i != groups_.end()) {
    result.emplace(std::move(i->second));
    groups_.erase(i);
  }
  return result;
}

void left_groups::await(std::vector<pollfd>& fds, clock::time_point& until) const {
  auto resting = clock::now() < rest_until_;
  for (const auto& [id, x] : groups_) {
    if (!has_errors_open(x))
      continue;
    if (resting) {
      until = std::min(until, rest_until_);
      return;
    }
    fds.push_back({x.errors(), POLLIN, 0});
  }
}

void left_groups::skip() {
  for (auto& [id, x] : groups_)
    x.skip_errors();
  rest_until_ = clock::now() + pause_between_skips;
}

void left_groups::end() {
  for (auto& [id, x] : groups_)
    x.signal(SIGTERM);
  auto alive = [](const auto& x) { return x.second.others() > 0; };
  for (deadline until{defaults::source_kill_after}; std::ranges::any_of(groups_, alive) && !until.is_over(); skip())
    sleep_for(look_interval);
  groups_.clear();
}

} // namespace cafbus
