#include "actors/line_input.hpp"

#include "actors/command_output.hpp"
#include "actors/followed_file.hpp"
#include "actors/line_input_read.hpp"

#include <cerrno>
#include <poll.h>
#include <unistd.h>

namespace cafbus {

namespace {

/// Standard input, which is not closed.
class standard_input final : public line_input {
public:
  explicit standard_input(wakeup stop) : line_input{std::move(stop)} {}

  input_step next(std::span<char> buffer) override {
    pollfd fds[] = {{STDIN_FILENO, POLLIN, 0}, {stop_.fd(), POLLIN, 0}};
    if (::poll(fds, 2, -1) < 0)
      return {};
    if (fds[1].revents != 0)
      return {input_step::kind::stopped, 0, {}, "stopped"};
    return fds[0].revents != 0 ? read_some(STDIN_FILENO, buffer) : input_step{};
  }

  input_end finish(bool, std::string why) override { return {std::move(why), false}; }
};

} // namespace

input_step read_some(int fd, std::span<char> buffer) {
  auto n = ::read(fd, buffer.data(), buffer.size());
  if (n > 0)
    return {input_step::kind::bytes, static_cast<size_t>(n)};
  if (n == 0)
    return {input_step::kind::end, 0, {}, "end of input"};
  if (errno == EAGAIN || errno == EINTR)
    return {};
  return {input_step::kind::end, 0, {}, errno_failure("read").text};
}

opened_input open_input(const input_options& x) {
  auto stop = wakeup::make();
  if (!stop)
    return stop.error();
  switch (x.spec.what) {
  case source_spec::kind::standard_input:
    return std::make_shared<standard_input>(std::move(*stop));
  case source_spec::kind::exec: {
    shell_command command;
    command.text = x.spec.argument;
    command.context = x.commands.usual;
    command.variables = x.commands.variables;
    return std::make_shared<command_output>(std::move(*stop), std::move(command));
  }
  case source_spec::kind::file: {
    auto memory = x.positions.empty() ? position_file{} : position_file{x.positions, x.spec.name + x.spec.argument};
    return followed_file::open(x.spec.argument, x.seed, std::move(memory));
  }
  case source_spec::kind::node:
    break; // events, not lines
  }
  return failure{failure_kind::invalid, "this kind of source has no lines"};
}

} // namespace cafbus
