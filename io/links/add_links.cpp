#include "io/links/add_links.hpp"

#include "actors/source_spec.hpp"
#include "config/log.hpp"
#include "io/links/node_links.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <spdlog/logger.h>

namespace cafbus {

namespace {

/// As `--source` would name them.
result<std::vector<node_source>> parse_places(const std::vector<std::string>& places) {
  std::vector<std::string> texts;
  for (const auto& x : places)
    texts.push_back("node:" + x);
  auto specs = parse_sources(texts);
  if (!specs)
    return specs.error();
  std::vector<node_source> result;
  for (const auto& x : *specs)
    result.push_back({x.name, *parse_node_place(x.argument)});
  return result;
}

} // namespace

bus_links::bus_links(std::unique_ptr<node_links> links) : links_{std::move(links)} {}
bus_links::~bus_links() = default;
bus_links::bus_links(bus_links&&) noexcept = default;
bus_links& bus_links::operator=(bus_links&&) noexcept = default;

result<void> bus_links::reload(const node_options& terms) {
  return links_->reload(terms);
}

result<bus_links> add_links(caf::actor_system& system, const bus_parts& parts, const bus_options& options,
                            const link_setup& setup) {
  if (auto checked = check_door(system, parts.bus); !checked)
    return checked.error();
  auto sources = parse_places(setup.from);
  if (!sources)
    return sources.error();
  auto prepared = prepare_links(setup.terms, *sources);
  if (!prepared)
    return prepared.error();
  if (const auto notice = insecure_notice(setup.terms); !notice.empty())
    log::link().warn("insecure-network notice={}", log::quoted(notice, notice.size()));
  auto links = std::make_unique<node_links>(system, parts, options, prepared->terms);
  if (prepared->listening)
    links->listen(*prepared, std::max(setup.connections, 1U));
  auto seed = static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  for (const auto& x : *sources)
    caf::anon_send(parts.bus, attach_source{x.name, links->spawn_source(x, ++seed)});
  return bus_links{std::move(links)};
}

} // namespace cafbus
