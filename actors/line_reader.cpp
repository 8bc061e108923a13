#include "actors/line_reader.hpp"

#include "actors/last_words.hpp"
#include "config/defaults.hpp"
#include "config/log.hpp"
#include "config/log_limit.hpp"
#include "messages/event_encoder.hpp"
#include "messages/frame_splitter.hpp"

#include <array>
#include <caf/blocking_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <spdlog/logger.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace cafbus {

namespace {

using namespace std::chrono_literals;

/// How long a command whose output has ended may take to end itself.
constexpr auto exit_patience = 500ms;

class line_reader {
public:
  line_reader(caf::blocking_actor* self, line_input& input, std::string name, hub_actor hub)
    : self_{self}, input_{input}, name_{std::move(name)}, hub_{std::move(hub)} {}

  /// Reads until the end. @returns why it ended.
  std::string run() {
    std::string end;
    bool errors_open = input_.child != nullptr;
    while (end.empty()) {
      std::array<pollfd, 3> fds{{{input_.fd, POLLIN, 0},
                                 {input_.stop_fd, POLLIN, 0},
                                 {errors_open ? input_.child->errors() : -1, POLLIN, 0}}};
      if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR)
        return std::string{"poll: "} + std::strerror(errno);
      if (fds[1].revents != 0)
        return stopped();
      if (fds[2].revents != 0)
        errors_open = words_.read(input_.child->errors()) != 0;
      if (fds[0].revents != 0)
        end = read_once();
    }
    if (auto line = splitter_.rest())
      take(*line);
    if (!publish_batch())
      end = "the bus has ended";
    return input_.child ? child_ended(exit_patience) : end;
  }

  uint64_t events() const { return events_; }

private:
  /// @returns why there is no more, or nothing.
  std::string read_once() {
    auto n = ::read(input_.fd, buffer_.data(), buffer_.size());
    if (n == 0)
      return "end of input";
    if (n < 0)
      return errno == EAGAIN || errno == EINTR ? std::string{} : std::string{"read: "} + std::strerror(errno);
    encoder_.arrived_at(std::chrono::system_clock::now());
    splitter_.append(buffer_.data(), static_cast<size_t>(n));
    do {
      while (auto line = splitter_.next())
        take(*line);
    } while (skip_too_long());
    return publish_batch() ? std::string{} : "the bus has ended";
  }

  void take(std::string_view line) {
    ++line_number_;
    if (line.empty())
      return;
    switch (encoder_.add_line(line)) {
    case event_encoder::outcome::added:
      break;
    case event_encoder::outcome::rejected:
      reject(to_string(encoder_.error()));
      break;
    case event_encoder::outcome::other_type:
      reject("its \"type\" is not \"publish\"");
    }
  }

  bool skip_too_long() {
    if (!splitter_.skip_too_long())
      return false;
    ++line_number_;
    reject("line longer than " + std::to_string(defaults::max_frame_bytes) + " bytes");
    return true;
  }

  void reject(const std::string& why) {
    ++rejected_;
    if (auto times = limit_.allow(std::chrono::steady_clock::now()))
      log::source().warn("line-rejected source={} line={} reason={} times={}", log::quoted(name_), line_number_,
                         log::quoted(why), *times);
  }

  /// Hands over what was read and waits until the hub has it: the source's credit.
  bool publish_batch() {
    if (encoder_.size() == 0 && rejected_ == 0)
      return true;
    bool taken = false;
    self_->request(hub_, caf::infinite, publish{encoder_.finish(), std::exchange(rejected_, 0)})
        .receive(
            [&](const published& x) {
              taken = true;
              events_ += x.accepted;
            },
            [](const caf::error&) {});
    return taken;
  }

  std::string stopped() {
    if (input_.child)
      child_ended(0ms);
    return "stopped";
  }

  std::string child_ended(std::chrono::milliseconds patience) {
    auto result = input_.child->stop(
        patience, std::chrono::duration_cast<std::chrono::milliseconds>(defaults::source_kill_after));
    while (words_.read(input_.child->errors()) > 0) {
    }
    if (!words_.text().empty())
      result += "; " + words_.text();
    return result;
  }

  caf::blocking_actor* self_;
  line_input& input_;
  std::string name_;
  hub_actor hub_;
  std::vector<char> buffer_ = std::vector<char>(defaults::read_bytes);
  frame_splitter splitter_{defaults::max_frame_bytes};
  event_encoder encoder_;
  last_words words_;
  log::limit limit_;
  uint64_t line_number_ = 0;
  uint64_t rejected_ = 0;
  uint64_t events_ = 0;
};

std::shared_ptr<line_input> with_stop_switch(std::shared_ptr<line_input> x) {
  x->stop_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return x->stop_fd < 0 ? nullptr : x;
}

std::string no_eventfd() {
  return std::string{"cannot make an eventfd: "} + std::strerror(errno);
}

} // namespace

std::variant<std::shared_ptr<line_input>, std::string> line_input::standard_input() {
  auto result = with_stop_switch(std::shared_ptr<line_input>{new line_input});
  if (!result)
    return no_eventfd();
  result->fd = STDIN_FILENO;
  return result;
}

std::variant<std::shared_ptr<line_input>, std::string> line_input::command(const std::string& text) {
  auto result = with_stop_switch(std::shared_ptr<line_input>{new line_input});
  if (!result)
    return no_eventfd();
  auto child = child_process::start(text);
  if (auto* error = std::get_if<std::string>(&child))
    return *error;
  result->child = std::make_unique<child_process>(std::move(std::get<child_process>(child)));
  result->fd = result->child->output();
  return result;
}

line_input::~line_input() {
  if (stop_fd >= 0)
    ::close(stop_fd);
}

void line_input::stop() {
  uint64_t one = 1;
  [[maybe_unused]] auto written = ::write(stop_fd, &one, sizeof(one)); // full means that it is set already
}

void spawn_line_reader(caf::actor_system& system, std::shared_ptr<line_input> input, std::string source_name,
                       hub_actor hub, reader_owner_actor owner, uint64_t epoch) {
  system.spawn<caf::detached>([=](caf::blocking_actor* self) {
    line_reader reader{self, *input, source_name, hub};
    auto detail = reader.run();
    caf::anon_send(owner, reader_ended{epoch, reader.events(), std::move(detail)});
  });
}

} // namespace cafbus
