#include "io/links/node_links.hpp"

#include "actors/node_gate.hpp"
#include "actors/node_import.hpp"
#include "config/log.hpp"
#include "config/node_checks.hpp"
#include "io/links/link_broker.hpp"
#include "io/links/link_connector.hpp"
#include "io/links/tcp_socket.hpp"
#include "io/sockets/socket_scribe.hpp"
#include "io/sockets/unix_socket.hpp"
#include "messages/event_encoder.hpp"

#include <caf/io/middleman.hpp>
#include <caf/send.hpp>
#include <spdlog/logger.h>

namespace cafbus {

namespace {

constexpr int listen_backlog = 64;

result<unique_fd> listen_at(const node_place& place) {
  if (!place.is_unix())
    return listen_tcp(place.where, listen_backlog);
  return listen_unix_anew(place.path, listen_backlog);
}

} // namespace

result<prepared_links> prepare_links(const node_options& options, const std::vector<node_source>& sources) {
  std::vector<node_place> places;
  for (const auto& source : sources)
    places.push_back(source.place);
  if (auto checked = check_node_options(options, places); !checked)
    return checked.error();
  prepared_links x;
  auto terms = load_link_terms(options);
  if (!terms)
    return std::move(terms).error();
  x.terms = std::move(*terms);
  if (options.listen.empty())
    return x;
  x.place = *parse_node_place(options.listen);
  auto listening = listen_at(x.place);
  if (!listening)
    return failure{listening.error().kind, "node-listen " + options.listen + ": " + listening.error().text};
  x.listening = std::move(*listening);
  x.socket_file = own_file{x.place.path};
  return x;
}

node_links::node_links(caf::actor_system& system, bus_parts parts, const bus_options& options, link_terms_ptr terms)
  : system_{system}, parts_{std::move(parts)}, options_{options}, terms_{std::move(terms)} {
  tell_certificate();
}

void node_links::tell_certificate() const {
  caf::anon_send(parts_.bus, certificate_changed{terms_->tls ? to_rfc3339(terms_->tls->own().expires) : std::string{}});
}

void node_links::listen(prepared_links& x, uint32_t descriptors) {
  link_broker_options how;
  how.bus = parts_.bus;
  how.gate = spawn_node_gate(system_, parts_, options_, descriptors);
  how.terms = terms_;
  how.transport = transport_for(x.place, *terms_);
  places_.push_back(x.place);
  how.socket_file = x.socket_file;
  how.descriptors = descriptors;
  how.calls = &system_socket_calls();
  auto& middleman = system_.middleman();
  auto broker = middleman.spawn_broker(link_broker, make_link_doorman(system_, x.listening.release()), how);
  told_.push_back(caf::actor_cast<caf::actor>(broker));
  caf::anon_send(parts_.bus, attach_part{told_.back()});
  log::bus().info("nodes-welcome transport={} descriptors={}", to_string(how.transport), descriptors);
}

source_actor node_links::spawn_source(const node_source& source, uint64_t seed) {
  places_.push_back(source.place);
  auto stopping = std::make_shared<std::atomic<bool>>(false);
  node_import_options x;
  x.source = source.name;
  x.peer = source.name.substr(source.name.find(':') + 1);
  x.name = introduction_of(options_);
  x.parts = parts_;
  auto connector = spawn_link_connector(system_, {source.place, terms_, stopping, &system_socket_calls()});
  told_.push_back(caf::actor_cast<caf::actor>(connector));
  x.connector = connector;
  x.abandon = [stopping] { *stopping = true; };
  x.seed = seed;
  return spawn_node_import(system_, std::move(x));
}

result<void> node_links::check(node_options options) const {
  options.listen.clear(); // stays as it is, among the places
  if (auto checked = check_node_options(options, places_); !checked)
    return checked;
  if (terms_->tls && options.certificate.empty())
    return failure{failure_kind::invalid, "a running bus cannot cease to use TLS for its links"};
  return {};
}

result<void> node_links::reload(const node_options& options) {
  if (auto checked = check(options); !checked)
    return checked;
  auto renewed = load_link_terms(options);
  auto terms = renewed ? renewed : with_permits(*terms_, options);
  if (!terms)
    return std::move(terms).error();
  terms_ = std::move(*terms);
  for (const auto& x : told_)
    caf::anon_send(x, change_link_terms{terms_});
  tell_certificate();
  if (!renewed)
    return std::move(renewed).error();
  return {};
}

} // namespace cafbus
