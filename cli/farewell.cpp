#include "cli/farewell.hpp"

#include "messages/frame_codec.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace cafbus {

namespace {

using namespace std::chrono_literals;

/// For a `bye` that does not fit the socket at once; the bus notices our end without it, too.
constexpr auto bye_timeout = 100ms;

} // namespace

farewell::farewell(client& bus, const hello& subscription, const std::string& socket)
  : bus_(bus), subscription_(subscription), socket_(socket) {}

void farewell::run(int signals, const deadline& until) {
  ask_for_account(until);
  auto check = pre_shutdown_check{subscription_.event_key, subscription_.subscription_id};
  waiting_ = static_cast<bool>(bus_.send(encode(check), until.left()));
  take_buffered();
  while ((waiting_ || desk_) && !until.is_over()) {
    std::array<pollfd, 3> items{
        {{signals, POLLIN, 0}, {waiting_ ? bus_.fd() : -1, POLLIN, 0}, {desk_ ? desk_->fd() : -1, POLLIN, 0}}};
    if (::poll(items.data(), items.size(), until.left_ms()) < 0 && errno != EINTR)
      break;
    if (items[0].revents != 0)
      break;
    if (items[1].revents != 0)
      read_answer();
    if (items[2].revents != 0)
      read_account();
  }
  [[maybe_unused]] auto told = bus_.send(encode(bye{"consumer_done"}), bye_timeout); // one that is gone needs no word
}

void farewell::ask_for_account(const deadline& until) {
  auto connected = client::connect(socket_, until.left());
  if (connected && connected->send(encode(status_query{}), until.left()))
    desk_.emplace(std::move(*connected));
}

void farewell::read_account() {
  auto received = desk_->receive();
  while (auto got = desk_->buffered())
    if (auto* x = std::get_if<frame>(&*got))
      if (auto* status = std::get_if<status_response>(x))
        return take_account(*status);
  if (!received)
    desk_.reset(); // it has hung up without an answer
}

/// Process ids tell the consumers of one machine apart, but not those of several containers; then there is no account.
/// A bus of another maker, which names no version, counts differently.
void farewell::take_account(const status_response& status) {
  auto ours = [this](const consumer_status& x) {
    return x.pid == subscription_.pid && x.event_key == subscription_.event_key;
  };
  if (!status.version.empty() && std::ranges::count_if(status.consumers, ours) == 1)
    account_ = *std::ranges::find_if(status.consumers, ours);
  desk_.reset();
}

void farewell::read_answer() {
  auto received = bus_.receive();
  take_buffered();
  if (!received)
    waiting_ = false;
}

void farewell::take_buffered() {
  while (auto got = bus_.buffered()) {
    auto* x = std::get_if<frame>(&*got);
    if (x == nullptr)
      ++passed_over_;
    else if (std::holds_alternative<pre_shutdown_ack>(*x) || std::holds_alternative<bye>(*x))
      waiting_ = false;
  }
}

} // namespace cafbus
