#include "actors/add_sources.hpp"

#include "actors/line_source.hpp"

namespace cafbus {

result<void> add_sources(caf::actor_system& system, const bus_parts& parts, const bus_options& options,
                         const std::vector<std::string>& sources, const source_setup& setup) {
  auto specs = parse_sources(sources);
  if (!specs)
    return specs.error();
  for (const auto& x : *specs)
    if (x.what == source_spec::kind::node)
      return failure{failure_kind::invalid, "source '" + x.name + "': another bus is no source of lines"};
  for (const auto& x : *specs)
    attach_line_source(system, parts, options, x, setup);
  return {};
}

} // namespace cafbus
