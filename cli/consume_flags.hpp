#pragma once
#include "base/result.hpp"
#include "cli/consume_request.hpp"
#include "cli/option_flags.hpp"

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace cafbus {

/// The flags of `cafbus consume`, as they stand on the command line.
struct consume_flags {
  option_flags common;
  std::string key;
  std::vector<std::string> types;
  std::string subscription_id;
  std::string on_first;
  std::string on_last;
  bool exclusive = false;
  bool literal = false;
  std::string policy;
  std::string queue_capacity;
  std::string queue_bytes;
  std::string block_timeout;
  std::vector<std::string> where;
  std::string on_filter_error;
  std::string last;
  std::string since;
  bool latest = false;
  std::string cursor_file;
  bool reconnect = false;
  std::string group;
  bool ack = false;
  std::string max_in_flight;
  std::string max_attempts;
  std::string max_events;
  std::string timeout;
  std::string idle_timeout;
  std::string explain;
  std::string output_dir;
  std::string exec;
  std::string exec_timeout;
  std::string on_exec_error;
  std::string ready_fd;
  std::string ready_file;
  std::string empty; ///< A flag that was given an empty value, which must not count as not given.
  std::string jq;
  std::string jq_file;
  std::string jq_errors;
  std::string jq_timeout;
  bool raw_output = false;
  std::string format;
  bool null = false;
  bool envelope = false;
  bool quiet = false;
  bool no_spawn = false;
  bool fail_on_loss = false;
  bool json = false;

  bool has_program() const { return !jq.empty() || !jq_file.empty(); }

  void add_to(CLI::App& command);
};

/// What the flags ask for. A failure names the flag, what is wrong with it and what would be right.
result<consume_request> to_request(const consume_flags& flags);

/// The descriptor of `--ready-fd`; -1 if there is none.
result<int> to_ready_fd(const consume_flags& flags);

/// What is worth a warning although it is allowed: names that look like patterns, one sentence each.
std::vector<std::string> warnings(const consume_request& request);

} // namespace cafbus
