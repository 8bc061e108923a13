#include "io/links/link_terms.hpp"

#include "config/link_limits.hpp"
#include "config/log.hpp"
#include "messages/event_encoder.hpp"

#include <algorithm>
#include <spdlog/logger.h>

namespace cafbus {

namespace {

constexpr auto own_certificate = "own";
constexpr auto reminder_pause = std::chrono::hours{24};
constexpr size_t most_reminders = 1'024;

} // namespace

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
  warn_of_expiry(own_certificate, terms->tls->own());
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

bool expiry_reminders::is_due(const std::string& whose, const certificate_info& x, time_point now) {
  if (x.expires - now >= defaults::certificate_warning)
    return false;
  const std::scoped_lock lock{mutex_};
  auto key = (whose == own_certificate ? "own " : "peer ") + to_rfc3339(x.expires) + ' ' + x.name;
  if (auto known = last_.find(key); known != last_.end() && now - known->second < reminder_pause)
    return false;
  if (last_.size() >= most_reminders)
    last_.clear();
  last_[std::move(key)] = now;
  return true;
}

void warn_of_expiry(const std::string& whose, const certificate_info& x) {
  static expiry_reminders reminders;
  const auto now = std::chrono::system_clock::now();
  const auto left = x.expires - now;
  if (reminders.is_due(whose, x, now))
    log::link().warn("certificate-expires whose={} name={} at={} days={}", log::quoted(whose), log::quoted(x.name),
                     to_rfc3339(x.expires), std::chrono::floor<std::chrono::days>(left).count());
}

void warn_of_expiry(const link_terms& own, const std::string& place, const certificate_info& peer) {
  warn_of_expiry(own_certificate, own.tls->own());
  warn_of_expiry(place, peer);
}

} // namespace cafbus
