#pragma once
#include "testing/scripted_calls.hpp"

#include <caf/io/doorman.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/test_multiplexer.hpp>
#include <caf/io/scribe.hpp>
#include <functional>
#include <map>
#include <string>

namespace cafbus::testing {

class simulated_network;

/// CAF's multiplexer without a loop of its own: what is to run waits with all other actors in the scheduler's queue.
class simulated_multiplexer : public caf::io::network::test_multiplexer {
public:
  using test_multiplexer::test_multiplexer;

protected:
  void exec_later(caf::resumable* x) override;
};

/// The bus's end of a connection as CAF sees it; the bytes are with the network's `socket_calls`, but for those that a
/// session has left to CAF to write.
class simulated_scribe : public caf::io::scribe {
public:
  simulated_scribe(int fd, simulated_network& owner);

  /// Whether its session waits for bytes.
  bool is_reading() const noexcept { return reading_ && !detached(); }

  /// Tells the session that there is something to read.
  void become_readable();

  /// The socket takes what CAF has to write and it has room for; the session learns of it.
  void write_to(scripted_calls::socket& x);

  /// What CAF has to write never gets there.
  void fail_writing();

  void configure_read(caf::io::receive_policy::config) override { add_to_loop(); }
  void ack_writes(bool) override {}
  std::vector<char>& wr_buf() override { return written_; }
  std::vector<char>& rd_buf() override { return read_; }
  void flush() override;
  void graceful_shutdown() override;
  void add_to_loop() override;
  void remove_from_loop() override { reading_ = false; }
  std::string addr() const override { return {}; }
  uint16_t port() const override { return 0; }

private:
  simulated_network& owner_;
  std::vector<char> read_;
  std::vector<char> written_;
  bool reading_ = false;
};

/// The I/O module of a harness: real brokers and sessions run in it, over sockets that are simulated, on the harness's
/// one thread. What CAF's own module starts beside, its name server and its threads, is left out.
class simulated_network : public caf::io::middleman {
public:
  explicit simulated_network(caf::actor_system& system) : middleman{system}, multiplexer_{&system} {}

  /// For `caf::actor_system_config::load`.
  static caf::actor_system::module* make(caf::actor_system& system, caf::detail::type_list<>);

  simulated_multiplexer& backend() override { return multiplexer_; }
  void start() override {}
  void stop() override {}
  void init(caf::actor_system_config&) override {}

  socket_calls& calls() noexcept { return calls_; }
  scripted_calls::socket& socket(int fd) { return calls_.sockets[fd]; }

  /// A listening socket, for a broker.
  caf::io::doorman_ptr listen();

  enum class connecting : uint8_t { connected, waits, refused };
  /// @param on_change Called, in the midst of a turn, when the bus has written or closed or waits for bytes again,
  /// until `forget`. It must not touch the connection.
  connecting connect(caf::io::accept_handle to, int fd, std::function<void()> on_change);

  /// Null: the bus has closed the connection, or never accepted it. Else valid until one of its functions returns.
  simulated_scribe* scribe(int fd) const;

  void forget(int fd);

private:
  friend class simulated_scribe;
  class doorman;

  struct own_calls final : scripted_calls {
    explicit own_calls(simulated_network& owner) : owner{owner} {}
    void changed(int fd) override { owner.on_change(fd); }
    simulated_network& owner;
  };
  struct connection {
    caf::intrusive_ptr<simulated_scribe> scribe;
    std::function<void()> on_change;
  };

  void on_change(int fd);

  simulated_multiplexer multiplexer_;
  own_calls calls_{*this};
  std::map<int, connection> connections_;
  std::map<caf::io::accept_handle, doorman*> doormen_; // those that listen
  int64_t last_listener_ = 0;
};

} // namespace cafbus::testing
