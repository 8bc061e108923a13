#include "actors/command_output.hpp"

#include "actors/line_input_read.hpp"
#include "config/defaults.hpp"

#include <algorithm>
#include <poll.h>
#include <sys/ioctl.h>

namespace cafbus {

namespace {

using namespace std::chrono_literals;

/// How long a command that has closed its output may take to end.
constexpr auto exit_patience = 500ms;

} // namespace

result<void> command_output::begin() {
  auto started = child_process::start(command_);
  if (!started)
    return started.error();
  child_.emplace(std::move(*started));
  return {};
}

input_step command_output::next(std::span<char> buffer) {
  if (left_) { // its shell has ended: what it has written by then is read, and no more
    auto size = std::min(buffer.size(), *left_);
    auto step = size == 0 ? input_step{input_step::kind::end, 0, {}, "end of input"}
                          : read_some(child_->output(), buffer.first(size));
    *left_ -= step.size;
    return step;
  }
  pollfd fds[] = {{child_->output(), POLLIN, 0},
                  {stop_.fd(), POLLIN, 0},
                  {errors_open_ ? child_->errors() : -1, POLLIN, 0},
                  {child_->end(), POLLIN, 0}};
  if (::poll(fds, 4, -1) < 0)
    return {};
  if (fds[1].revents != 0)
    return {input_step::kind::stopped, 0, {}, "stopped"};
  if (fds[2].revents != 0)
    errors_open_ = words_.read(child_->errors());
  if (fds[3].revents != 0) {
    int bytes = 0;
    left_ = ::ioctl(child_->output(), FIONREAD, &bytes) == 0 ? static_cast<size_t>(bytes) : 0;
    return {};
  }
  return fds[0].revents != 0 ? read_some(child_->output(), buffer) : input_step{};
}

input_end command_output::finish(bool stopped, std::string why) {
  auto how = child_->stop(stopped ? 0ms : exit_patience, defaults::source_kill_after);
  if (stopped)
    return {std::move(why), false};
  words_.read(child_->errors()); // once: a process that has left for a session of its own may write for ever
  return {words_.text().empty() ? how.text() : how.text() + "; " + words_.text(), !how.good()};
}

} // namespace cafbus
