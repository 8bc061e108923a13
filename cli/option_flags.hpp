#pragma once
#include "config/options.hpp"
#include "config/paths.hpp"

#include <deque>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace cafbus {

/// The flags that come from the table of options, on one command.
class option_flags {
public:
  /// @param all Every option, for `serve`; else those of every command, `--app` and `--dir`.
  void add_to(CLI::App& command, bool all);

  /// Puts flags, environment, config file and defaults together.
  result<loaded_options> load() const;

  /// The same, down to the paths of the app.
  result<app_paths> locate() const;

private:
  struct flag {
    const option* what;
    std::vector<std::string> values;
  };
  std::deque<flag> flags_; // CLI11 keeps references to the values
};

} // namespace cafbus
