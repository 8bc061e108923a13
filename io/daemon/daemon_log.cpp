#include "io/daemon/daemon_log.hpp"

#include "config/log.hpp"
#include "io/daemon/journal.hpp"

#include <unistd.h>

namespace cafbus {

bool logs_to_file(const serve_options& options, bool in_background) {
  return options.log_to == log::place::file || (options.log_to == log::place::standard_error && in_background);
}

result<void> open_log(const serve_options& options, const app_paths& paths, bool in_background) {
  if (logs_to_file(options, in_background))
    return log::to_file(paths.log, options.log_level, options.log_format);
  if (options.log_to == log::place::standard_error)
    return log::to(log::stream_output(STDERR_FILENO, options.log_format), options.log_level);
  auto journal = journal_output(options.app);
  if (!journal)
    return journal.error();
  return log::to(*journal, options.log_level);
}

} // namespace cafbus
