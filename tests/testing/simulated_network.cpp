// Why not the scribes of CAF's test multiplexer: they tell nobody when their session reads on, which the real, level-
// triggered loop notices by itself, and they stay for ever.

#include "testing/simulated_network.hpp"

#include <caf/make_counted.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

namespace cafbus::testing {

void simulated_multiplexer::exec_later(caf::resumable* x) {
  system().scheduler().enqueue(x);
}

// -- a connection ----------------------------------------------------------------------------------------------------

simulated_scribe::simulated_scribe(int fd, simulated_network& owner)
  : scribe{caf::io::connection_handle::from_int(fd)}, owner_{owner} {}

void simulated_scribe::become_readable() {
  const caf::intrusive_ptr<simulated_scribe> keep{this};
  read_.assign(1, ' '); // the session reads by itself
  consume(&owner_.backend(), read_.data(), read_.size());
}

void simulated_scribe::write_to(scripted_calls::socket& x) {
  const auto n = std::min(x.room, written_.size());
  if (n == 0)
    return;
  const caf::intrusive_ptr<simulated_scribe> keep{this};
  const auto end = written_.begin() + static_cast<std::ptrdiff_t>(n);
  x.received.append(written_.begin(), end);
  x.room -= n;
  written_.erase(written_.begin(), end);
  data_transferred(&owner_.backend(), n, written_.size()); // it may write more
}

void simulated_scribe::fail_writing() {
  const caf::intrusive_ptr<simulated_scribe> keep{this};
  written_.clear();
  io_failure(&owner_.backend(), caf::io::network::operation::write);
}

void simulated_scribe::flush() {
  if (!written_.empty())
    owner_.on_change(static_cast<int>(hdl().id()));
}

void simulated_scribe::add_to_loop() {
  reading_ = true;
  owner_.on_change(static_cast<int>(hdl().id()));
}

void simulated_scribe::graceful_shutdown() {
  const caf::intrusive_ptr<simulated_scribe> keep{this};
  detach(&owner_.backend(), false);
  owner_.calls().shut_down(static_cast<int>(hdl().id()));
}

// -- a listener ------------------------------------------------------------------------------------------------------

class simulated_network::doorman final : public caf::io::doorman {
public:
  doorman(caf::io::accept_handle handle, simulated_network& owner) : caf::io::doorman{handle}, owner_{owner} {
    owner_.doormen_[handle] = this;
  }
  ~doorman() override { owner_.doormen_.erase(hdl()); }

  bool is_ready() const { return launched_ && !paused_; }

  void accept(int fd, std::function<void()> on_change) {
    auto accepted = caf::make_counted<simulated_scribe>(fd, owner_);
    owner_.connections_[fd] = {accepted, std::move(on_change)};
    auto handle = accepted->hdl();
    parent()->add_scribe(std::move(accepted));
    caf::io::doorman::new_connection(&owner_.multiplexer_, handle);
  }

  bool new_connection() override { return false; }
  void launch() override { launched_ = true; }
  void graceful_shutdown() override {
    const caf::intrusive_ptr<doorman> keep{this};
    owner_.doormen_.erase(hdl());
    detach(&owner_.multiplexer_, false);
  }
  void add_to_loop() override { paused_ = false; }
  void remove_from_loop() override { paused_ = true; }
  std::string addr() const override { return {}; }
  uint16_t port() const override { return 0; }

private:
  simulated_network& owner_;
  bool launched_ = false; // its broker has had its first turn
  bool paused_ = false;
};

// -- the module ------------------------------------------------------------------------------------------------------

caf::actor_system::module* simulated_network::make(caf::actor_system& system, caf::detail::type_list<>) {
  return new simulated_network{system}; // the system owns it
}

caf::io::doorman_ptr simulated_network::listen() {
  return caf::make_counted<doorman>(caf::io::accept_handle::from_int(++last_listener_), *this);
}

simulated_network::connecting simulated_network::connect(caf::io::accept_handle to, int fd,
                                                         std::function<void()> on_change) {
  auto found = doormen_.find(to);
  if (found == doormen_.end())
    return connecting::refused;
  if (!found->second->is_ready())
    return connecting::waits;
  found->second->accept(fd, std::move(on_change));
  return connecting::connected;
}

simulated_scribe* simulated_network::scribe(int fd) const {
  auto found = connections_.find(fd);
  return found == connections_.end() || found->second.scribe->detached() ? nullptr : found->second.scribe.get();
}

void simulated_network::forget(int fd) {
  connections_.erase(fd);
  calls_.sockets.erase(fd);
}

void simulated_network::on_change(int fd) {
  if (auto found = connections_.find(fd); found != connections_.end() && found->second.on_change)
    found->second.on_change();
}

} // namespace cafbus::testing
