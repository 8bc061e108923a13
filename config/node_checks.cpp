#include "config/node_checks.hpp"

#include <algorithm>

namespace cafbus {

namespace {

failure bad_links(std::string text) {
  return {failure_kind::invalid, std::move(text)};
}

bool has_tls(const node_options& x) {
  return !x.certificate.empty();
}

result<void> check_files(const node_options& x) {
  const auto given = {x.certificate.empty(), x.key.empty(), x.ca.empty()};
  const auto missing = std::ranges::count(given, true);
  if (missing != 0 && missing != 3)
    return bad_links("links with TLS need all of node-certificate, node-key and node-ca");
  return {};
}

result<void> check_transport(const node_options& x, const node_place& place) {
  if (place.is_unix() || has_tls(x) || x.insecure)
    return {};
  return failure{failure_kind::refused,
                 "a link over TCP needs TLS, on this machine too: give node-certificate, node-key and node-ca; or link "
                 "over unix:PATH; or insecure-network = yes if everybody who can connect is trusted"};
}

/// Nobody would be kept out.
failure permits_without_names() {
  return bad_links(
      "node-allow goes by names in certificates, and no link of this bus has any: give node-certificate, "
      "node-key and node-ca and a place HOST:PORT, or leave node-allow out (over unix:PATH, each bus of the "
      "same user may link, read and publish)");
}

} // namespace

result<std::vector<link_permit>> parse_link_permits(std::span<const std::string> texts) {
  std::vector<link_permit> result;
  for (const auto& text : texts) {
    auto permit = parse_link_permit(text);
    if (!permit)
      return std::move(permit).error();
    if (std::ranges::find(result, permit->name, &link_permit::name) != result.end())
      return bad_links('\'' + permit->name + "' is named twice; write all of its rights in one value");
    result.push_back(std::move(*permit));
  }
  return result;
}

result<void> check_node_options(const node_options& x, std::span<const node_place> sources) {
  if (auto checked = check_files(x); !checked)
    return checked;
  if (auto permits = parse_link_permits(x.allow); !permits)
    return failure{permits.error().kind, "node-allow: " + permits.error().text};
  auto places = std::vector<node_place>{sources.begin(), sources.end()};
  if (!x.listen.empty()) {
    auto place = parse_node_place(x.listen);
    if (!place)
      return failure{place.error().kind, "node-listen " + x.listen + ": " + place.error().text};
    places.push_back(std::move(*place));
  }
  for (const auto& place : places)
    if (auto checked = check_transport(x, place); !checked)
      return checked;
  const auto has_names = has_tls(x) && !std::ranges::all_of(places, &node_place::is_unix);
  return x.allow.empty() || places.empty() || has_names ? result<void>{} : permits_without_names();
}

} // namespace cafbus
