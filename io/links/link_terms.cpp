#include "io/links/link_terms.hpp"

#include "config/link_limits.hpp"
#include "config/log.hpp"
#include "messages/event_encoder.hpp"

#include <algorithm>
#include <spdlog/logger.h>

namespace cafbus {

result<link_terms_ptr> load_link_terms(const node_options& options) {
  auto terms = std::make_shared<link_terms>();
  terms->insecure = options.insecure;
  for (const auto& text : options.allow) {
    auto permit = parse_link_permit(text);
    if (!permit)
      return failure{permit.error().kind, "node-allow: " + permit.error().text};
    terms->permits.push_back(std::move(*permit));
  }
  const auto given = {options.certificate.empty(), options.key.empty(), options.ca.empty()};
  if (std::ranges::count(given, true) == 3)
    return link_terms_ptr{std::move(terms)};
  if (std::ranges::count(given, true) != 0)
    return failure{failure_kind::invalid, "links with TLS need all of node-certificate, node-key and node-ca"};
  auto tls = tls_context::load({options.certificate, options.key, options.ca});
  if (!tls)
    return std::move(tls).error();
  terms->tls = std::move(*tls);
  warn_of_expiry("own", terms->tls->own());
  return link_terms_ptr{std::move(terms)};
}

std::string insecure_notice(const node_options& options) {
  if (!options.insecure || !options.certificate.empty())
    return {};
  return "insecure-network = yes: any host or user that can connect to a link of this bus can read its "
         "events and publish others";
}

result<link_transport> transport_for(const node_place& place, const link_terms& terms) {
  if (place.is_unix())
    return link_transport::unix_socket;
  if (terms.tls)
    return link_transport::tls;
  if (terms.insecure)
    return link_transport::plain;
  return failure{failure_kind::refused,
                 "a link over TCP needs TLS, on this machine too: give node-certificate, node-key and node-ca; or link "
                 "over unix:PATH; or insecure-network = yes if everybody who can connect is trusted"};
}

void warn_of_expiry(const std::string& whose, const certificate_info& x) {
  const auto left = x.expires - std::chrono::system_clock::now();
  if (left < defaults::certificate_warning)
    log::link().warn("certificate-expires whose={} name={} at={} days={}", log::quoted(whose), log::quoted(x.name),
                     to_rfc3339(x.expires), std::chrono::floor<std::chrono::days>(left).count());
}

} // namespace cafbus
