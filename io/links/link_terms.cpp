#include "io/links/link_terms.hpp"

#include "config/link_limits.hpp"
#include "config/log.hpp"
#include "config/node_checks.hpp"
#include "messages/event_encoder.hpp"

#include <spdlog/logger.h>

namespace cafbus {

namespace {

constexpr auto own_certificate = "own";
constexpr auto reminder_pause = std::chrono::hours{24};
constexpr size_t most_reminders = 1'024;

/// Terms without TLS, which is to be added.
result<std::shared_ptr<link_terms>> load_permits(const node_options& options) {
  auto permits = parse_link_permits(options.allow);
  if (!permits)
    return failure{permits.error().kind, "node-allow: " + permits.error().text};
  auto terms = std::make_shared<link_terms>();
  terms->permits = std::move(*permits);
  terms->insecure = options.insecure;
  return terms;
}

} // namespace

result<link_terms_ptr> load_link_terms(const node_options& options) {
  auto terms = load_permits(options);
  if (!terms)
    return std::move(terms).error();
  if (options.certificate.empty())
    return link_terms_ptr{std::move(*terms)};
  auto tls = tls_context::load({options.certificate, options.key, options.ca});
  if (!tls)
    return std::move(tls).error();
  (*terms)->tls = std::move(*tls);
  warn_of_expiry(own_certificate, (*terms)->tls->own());
  return link_terms_ptr{std::move(*terms)};
}

result<link_terms_ptr> with_permits(const link_terms& x, const node_options& options) {
  auto terms = load_permits(options);
  if (!terms)
    return std::move(terms).error();
  (*terms)->tls = x.tls;
  return link_terms_ptr{std::move(*terms)};
}

std::string insecure_notice(const node_options& options) {
  if (!options.insecure || !options.certificate.empty())
    return {};
  return "insecure-network = yes: any host or user that can connect to a link of this bus can read its "
         "events and publish others";
}

link_transport transport_for(const node_place& place, const link_terms& terms) {
  if (place.is_unix())
    return link_transport::unix_socket;
  return terms.tls ? link_transport::tls : link_transport::plain;
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
