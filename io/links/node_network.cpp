#include "io/links/node_network.hpp"

#include "actors/node_gate.hpp"
#include "actors/node_import.hpp"
#include "config/log.hpp"
#include "io/links/tcp_socket.hpp"
#include "io/links/tls_stream.hpp"
#include "messages/node_events.hpp"

#include <atomic>
#include <caf/actor_system_config.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/doorman_impl.hpp>
#include <caf/openssl/manager.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>
#include <fcntl.h>
#include <limits.h>
#include <spdlog/logger.h>
#include <sys/socket.h>
#include <unistd.h>

namespace cafbus {

namespace {

using caf::io::network::default_multiplexer;

constexpr const char* insecure_text =
    "it is not on this machine, and the link would not be encrypted: give node-certificate, node-key and node-ca, or "
    "insecure-network = yes if the network is trusted";

/// The broker that speaks CAF's protocol for actors on other machines.
caf::actor network_broker(caf::actor_system& system) {
  return system.middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"));
}

/// Accepts other buses: with TLS if that is set, and so that a dead one is noticed.
class node_doorman : public caf::io::network::doorman_impl {
public:
  node_doorman(default_multiplexer& backend, int fd, bool tls) : doorman_impl{backend, fd}, tls_{tls} {}

  bool new_connection() override {
    if (detached())
      return false;
    unique_fd fd{acceptor_.accepted_socket()};
    auto& backend = acceptor_.backend();
    ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
    tune_tcp(fd.get());
    auto scribe = tls_ ? make_tls_scribe(parent()->system(), std::move(fd), true, std::make_shared<std::string>())
                       : backend.new_scribe(fd.release());
    if (!scribe)
      return true; // this one is gone; others may come
    auto handle = scribe->hdl();
    parent()->add_scribe(std::move(scribe));
    return doorman::new_connection(&backend, handle);
  }

private:
  bool tls_;
};

/// What `node_network` and the connector share.
struct connector_options {
  host_port where;
  bool tls = false;
  bool insecure = false;
  std::shared_ptr<std::atomic<bool>> abandoned = std::make_shared<std::atomic<bool>>(false);
};

/// Makes connections, in a thread of its own since that blocks.
struct node_connector_state {
  static inline const char* name = "node-connector";

  explicit node_connector_state(node_connector_actor::pointer self) : self{self} {}

  caf::result<node_gate_actor> on_connect() {
    auto connected = connect_tcp(options.where, defaults::node_connect_timeout, *options.abandoned);
    if (auto* error = std::get_if<std::string>(&connected))
      return refusal(*error);
    auto& socket = std::get<tcp_socket>(connected);
    if (!options.tls && !options.insecure && !socket.loopback)
      return refusal(insecure_text);
    unique_fd second{::fcntl(socket.fd.get(), F_DUPFD_CLOEXEC, 0)};
    auto failure = std::make_shared<std::string>();
    auto& backend = self->system().middleman().backend();
    auto scribe = options.tls ? make_tls_scribe(self->system(), std::move(socket.fd), false, failure)
                              : backend.new_scribe(socket.fd.release());
    if (!scribe)
      return refusal(*failure);
    return ask_for_gate(std::move(scribe), std::move(second), failure);
  }

  /// @param second The same socket once more: to end it when nothing comes, since the scribe is out of our hands.
  caf::result<node_gate_actor> ask_for_gate(caf::io::scribe_ptr scribe, unique_fd second, const tls_failure& failure) {
    auto promise = self->make_response_promise<node_gate_actor>();
    auto shared = std::make_shared<unique_fd>(std::move(second));
    self->request(network_broker(self->system()), defaults::node_connect_timeout, caf::connect_atom::value,
                  std::move(scribe), options.where.port)
        .then(
            [this, promise](const caf::node_id&, const caf::strong_actor_ptr& whom,
                            const std::set<std::string>& interface) mutable {
              auto wanted = self->system().message_types<node_gate_actor>();
              if (whom && self->system().assignable(interface, wanted))
                promise.deliver(caf::actor_cast<node_gate_actor>(whom));
              else
                promise.deliver(refusal("it is a CAF program, but no cafbus of a version that this one can talk to"));
            },
            [promise, shared, failure](const caf::error&) mutable {
              ::shutdown(shared->get(), SHUT_RDWR);
              promise.deliver(refusal(!failure->empty()
                                          ? "TLS: " + *failure
                                          : "there is no bus, or one that wants TLS, or another setting of it"));
            });
    return promise;
  }

  static caf::error refusal(const std::string& text) { return caf::make_error(caf::sec::cannot_connect_to_node, text); }

  node_connector_actor::pointer self;
  connector_options options;
};

node_connector_actor::behavior_type node_connector(node_connector_actor::stateful_pointer<node_connector_state> self,
                                                   const connector_options& options) {
  self->state.options = options;
  self->set_error_handler([](caf::error&) {}); // requests have their own
  return {[self](const connect_node&) { return self->state.on_connect(); }};
}

std::string this_host() {
  char name[HOST_NAME_MAX + 1] = {};
  return ::gethostname(name, HOST_NAME_MAX) == 0 ? name : "unknown";
}

} // namespace

void configure_nodes(caf::actor_system_config& config, const node_options& options) {
  add_node_messages(config);
  config.set("middleman.enable-automatic-connections", false); // nodes talk along links that were asked for
  if (!options.tls())
    return;
  config.load<caf::openssl::manager>();
  config.set("openssl.certificate", options.certificate);
  config.set("openssl.key", options.key);
  config.set("openssl.cafile", options.ca);
}

std::variant<unique_fd, std::string> prepare_nodes(const node_options& options) {
  if (auto error = check_tls_files(options); !error.empty())
    return error;
  if (options.listen.empty())
    return unique_fd{};
  auto complaint = [&](const std::string& why) { return "node-listen " + options.listen + ": " + why; };
  auto where = parse_host_port(options.listen);
  if (!where)
    return complaint(where.error().text);
  auto listening = listen_tcp(*where);
  if (auto* error = std::get_if<std::string>(&listening))
    return complaint(*error);
  auto& socket = std::get<tcp_socket>(listening);
  if (!socket.loopback && !options.tls() && !options.insecure)
    return complaint(insecure_text);
  return std::move(socket.fd);
}

void welcome_nodes(caf::actor_system& system, const bus_parts& parts, const bus_options& options,
                   const node_options& nodes, unique_fd listening) {
  auto& backend = dynamic_cast<default_multiplexer&>(system.middleman().backend());
  caf::io::doorman_ptr doorman = caf::make_counted<node_doorman>(backend, listening.release(), nodes.tls());
  auto port = parse_host_port(nodes.listen)->port;
  caf::anon_send(network_broker(system), caf::publish_atom::value, std::move(doorman), port,
                 caf::actor_cast<caf::strong_actor_ptr>(spawn_node_gate(system, parts, options)),
                 system.message_types<node_gate_actor>());
  log::bus().info("nodes-welcome at={} tls={}", log::quoted(nodes.listen), nodes.tls() ? "yes" : "no");
}

source_actor spawn_node_source(caf::actor_system& system, const bus_parts& parts, const std::string& app,
                               const std::string& source, const host_port& where, const node_options& nodes,
                               uint64_t seed) {
  connector_options how;
  how.where = where;
  how.tls = nodes.tls();
  how.insecure = nodes.insecure;
  node_import_options x;
  x.source = source;
  x.peer = where.host + ':' + std::to_string(where.port);
  x.name = app + ", process " + std::to_string(::getpid()) + " on " + this_host();
  x.parts = parts;
  x.connector = system.spawn<caf::detached>(node_connector, how);
  x.abandon = [flag = how.abandoned] { *flag = true; };
  x.seed = seed;
  return spawn_node_import(system, std::move(x));
}

} // namespace cafbus
