#include "cli/option_flags.hpp"

#include <CLI/CLI.hpp>

namespace cafbus {

void option_flags::add_to(CLI::App& command, bool all) {
  for (const auto& x : option_table()) {
    if (!all && !x.every_command)
      continue;
    auto& values = flags_.emplace_back(flag{&x, {}}).values;
    auto standard = x.text(serve_options{});
    auto help = x.help + " (" + (standard.empty() ? "" : "default " + standard + "; ") + x.allowed + "; " + x.env + ')';
    auto* bound = command.add_option("--" + x.name, values, help)->type_name(x.placeholder);
    if (x.placeholder == "yes|no")
      bound->default_str("yes")->expected(0, 1); // the flag alone means yes
    else if (!x.repeatable)
      bound->expected(1);
    bound->allow_extra_args(false); // one value a flag, so that what follows it is not swallowed
  }
}

result<loaded_options> option_flags::load() const {
  flag_values given;
  for (const auto& [what, values] : flags_)
    for (const auto& value : values)
      given.emplace_back(what->name, value);
  return load_options(given, process_environment());
}

result<app_paths> option_flags::locate() const {
  auto loaded = load();
  if (!loaded)
    return loaded.error();
  const auto& values = loaded->values;
  return find_app_paths(base_dir(values.dir, process_environment()), values.app);
}

} // namespace cafbus
