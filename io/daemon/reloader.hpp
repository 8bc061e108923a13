#pragma once
#include "config/log_limit.hpp"
#include "config/options.hpp"
#include "config/reload_result.hpp"
#include "io/links/node_links.hpp"
#include "messages/actors.hpp"

#include <functional>

namespace cafbus {

/// Reads the configuration of a running daemon again. All parameters outlive it; for the daemon's main thread.
class reloader {
public:
  /// @param running What the daemon was started with. @param reread May be null: then nothing changes.
  /// @param limit Puts into the options how many connections and hooks there may be.
  reloader(serve_options running, option_reader reread, bus_actor bus, node_links& links,
           std::function<void(bus_options&)> limit);

  /// Opens the log file again, too. If any option is invalid, all stay as they are.
  reload_result reload();

private:
  reload_result apply(const serve_options& wanted);

  serve_options running_;
  option_reader reread_;
  bus_actor bus_;
  node_links& links_;
  std::function<void(bus_options&)> limit_;
  log::limit log_limit_{log::usual_lines_per_second}; // whoever may reload can do so without end
  log::limit links_log_limit_{log::usual_lines_per_second};
};

} // namespace cafbus
