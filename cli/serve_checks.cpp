#include "cli/serve_checks.hpp"

#include "actors/source_spec.hpp"
#include "config/node_checks.hpp"

namespace cafbus {

result<void> check_serve_options(const loaded_options& options, bool in_background) {
  const auto* row = find_option("source");
  const auto& places = options.places[static_cast<size_t>(row - option_table().data())];
  std::vector<source_spec> specs;
  std::vector<node_place> buses;
  for (size_t i = 0; i < options.values.sources.size(); ++i) {
    auto wrong = [&](const failure& why) { return failure{why.kind, places[i] + ": " + why.text}; };
    if (auto appended = append_source(specs, options.values.sources[i]); !appended)
      return wrong(appended.error());
    if (in_background && specs.back().what == source_spec::kind::standard_input)
      return wrong({failure_kind::invalid, "source 'stdin': a bus in the background has no standard input; run `cafbus "
                                           "serve`, which stays in the foreground, or use exec:COMMAND or file:PATH"});
    if (specs.back().what == source_spec::kind::node)
      buses.push_back(*parse_node_place(specs.back().argument));
  }
  return check_node_options(options.values.nodes, buses);
}

} // namespace cafbus
