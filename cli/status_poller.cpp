#include "cli/status_poller.hpp"

#include "messages/frame_codec.hpp"

namespace cafbus {

namespace {

/// A bus that is alive accepts at once, or never: its backlog is full.
constexpr std::chrono::milliseconds accept_time{50};

} // namespace

std::optional<instance_view> status_poller::ask() {
  if (bus_)
    return until_->is_over() ? give_up() : std::nullopt;
  auto bus = client::connect(paths_.socket, accept_time);
  if (!bus && bus.error().kind == failure_kind::timed_out)
    return instance_view{.state = instance_state::unresponsive, .message = bus.error().text};
  if (!bus)
    return look_at(paths_);
  const auto question = encode(status_query{}); // a few bytes: a new socket takes them whole
  if (auto sent = bus->send_some(question); !sent || *sent != question.size())
    return look_at(paths_);
  bus_.emplace(std::move(*bus));
  until_.emplace(answer_timeout);
  return std::nullopt;
}

std::optional<instance_view> status_poller::read() {
  const auto got = bus_->receive();
  while (auto incoming = bus_->buffered()) {
    auto* known = std::get_if<frame>(&*incoming);
    if (known == nullptr)
      continue;
    std::optional<instance_view> result;
    if (auto* status = std::get_if<status_response>(known))
      result = {.state = status->state == bus_phase::stopping ? instance_state::stopping : instance_state::running,
                .pid = bus_->bus_pid(),
                .line = std::string{bus_->line()},
                .status = std::move(*status)};
    else if (auto* why = std::get_if<error_frame>(known))
      result = {.state = instance_state::unknown, .pid = bus_->bus_pid(), .message = why->message};
    if (result) {
      bus_.reset();
      return result;
    }
  }
  if (!got || !bus_->check())
    return give_up();
  return std::nullopt;
}

std::optional<instance_view> status_poller::give_up() {
  const auto silent = until_->is_over();
  const auto pid = bus_->bus_pid();
  bus_.reset();
  auto text = "the bus (process " + std::to_string(pid) + ") " +
              (silent ? "accepts connections, but does not answer" : "ended the connection without an answer");
  return instance_view{
      .state = silent ? instance_state::unresponsive : instance_state::unknown, .pid = pid, .message = std::move(text)};
}

} // namespace cafbus
