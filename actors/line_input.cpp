#include "actors/line_input.hpp"

#include "actors/child_process.hpp"
#include "actors/followed_file.hpp"
#include "actors/last_words.hpp"
#include "config/defaults.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <string_view>
#include <sys/eventfd.h>
#include <unistd.h>

namespace cafbus {

namespace {

using namespace std::chrono_literals;

/// How long a command whose output has ended may take to end itself.
constexpr auto exit_patience = 500ms;

/// One read of something that poll has announced.
input_step read_some(int fd, std::span<char> buffer) {
  auto n = ::read(fd, buffer.data(), buffer.size());
  if (n > 0)
    return {input_step::kind::bytes, static_cast<size_t>(n)};
  if (n == 0)
    return {input_step::kind::end, 0, {}, "end of input"};
  if (errno == EAGAIN || errno == EINTR)
    return {};
  return {input_step::kind::end, 0, {}, std::string{"read: "} + std::strerror(errno)};
}

/// Standard input, which is not closed.
class standard_input final : public line_input {
public:
  bool good() const { return has_switch(); }

  input_step next(std::span<char> buffer) override {
    pollfd fds[] = {{STDIN_FILENO, POLLIN, 0}, {stop_fd_, POLLIN, 0}};
    if (::poll(fds, 2, -1) < 0)
      return {};
    if (fds[1].revents != 0)
      return {input_step::kind::stopped, 0, {}, "stopped"};
    return fds[0].revents != 0 ? read_some(STDIN_FILENO, buffer) : input_step{};
  }
};

/// A command's output.
class command_output final : public line_input {
public:
  explicit command_output(child_process child) : child_{std::move(child)} {}

  bool good() const { return has_switch(); }

  input_step next(std::span<char> buffer) override {
    pollfd fds[] = {
        {child_.output(), POLLIN, 0}, {stop_fd_, POLLIN, 0}, {errors_open_ ? child_.errors() : -1, POLLIN, 0}};
    if (::poll(fds, 3, -1) < 0)
      return {};
    if (fds[1].revents != 0)
      return {input_step::kind::stopped, 0, {}, "stopped"};
    if (fds[2].revents != 0)
      errors_open_ = words_.read(child_.errors()) != 0;
    return fds[0].revents != 0 ? read_some(child_.output(), buffer) : input_step{};
  }

  std::string finish(bool stopped, std::string why) override {
    auto how = child_.stop(stopped ? 0ms : exit_patience,
                           std::chrono::duration_cast<std::chrono::milliseconds>(defaults::source_kill_after));
    if (stopped)
      return why;
    while (words_.read(child_.errors()) > 0) {
    }
    return words_.text().empty() ? how : how + "; " + words_.text();
  }

private:
  child_process child_;
  last_words words_;
  bool errors_open_ = true;
};

std::string no_switch() {
  return std::string{"cannot make an eventfd: "} + std::strerror(errno);
}

} // namespace

line_input::line_input() : stop_fd_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {}

line_input::~line_input() {
  if (stop_fd_ >= 0)
    ::close(stop_fd_);
}

std::string line_input::finish(bool, std::string why) {
  return why;
}

void line_input::stop() noexcept {
  uint64_t one = 1;
  [[maybe_unused]] auto written = ::write(stop_fd_, &one, sizeof(one)); // full means that it is set already
}

opened_input open_input(const source_spec& spec, uint64_t seed) {
  switch (spec.what) {
  case source_spec::kind::standard_input: {
    auto result = std::make_shared<standard_input>();
    return result->good() ? opened_input{std::move(result)} : no_switch();
  }
  case source_spec::kind::exec: {
    auto child = child_process::start(spec.argument);
    if (auto* error = std::get_if<std::string>(&child))
      return std::move(*error);
    auto result = std::make_shared<command_output>(std::move(std::get<child_process>(child)));
    return result->good() ? opened_input{std::move(result)} : no_switch();
  }
  case source_spec::kind::file:
    return followed_file::open(spec.argument, seed);
  case source_spec::kind::node:
    break; // events, not lines
  }
  return std::string{"this kind of source has no lines"};
}

} // namespace cafbus
