#include "io/daemon/daemon.hpp"

#include "actors/bus.hpp"
#include "actors/line_source.hpp"
#include "actors/position_file.hpp"
#include "config/descriptors.hpp"
#include "config/log.hpp"
#include "config/log_limit.hpp"
#include "config/version.hpp"
#include "io/daemon/command_context.hpp"
#include "io/daemon/daemon_log.hpp"
#include "io/daemon/descriptor_budget.hpp"
#include "io/daemon/instance_files.hpp"
#include "io/daemon/orphans.hpp"
#include "io/daemon/reloader.hpp"
#include "io/daemon/service_manager.hpp"
#include "io/daemon/start_up_memory.hpp"
#include "io/daemon/wake_ups.hpp"
#include "io/links/node_links.hpp"
#include "io/sockets/socket_broker.hpp"

#include <algorithm>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/io/middleman.hpp>
#include <caf/send.hpp>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <malloc.h>
#include <optional>
#include <spdlog/logger.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cafbus {

namespace {

using namespace std::chrono_literals;

struct bus_config : caf::actor_system_config {
  bus_config() {
    load<caf::io::middleman>();
    config_file_path.clear();                      // CAF 0.17 would read ./caf-application.ini
    set("scheduler.policy", caf::atom("sharing")); // work stealing polls: 360 wake-ups per second when idle
    set("scheduler.max-threads", size_t{2});
    set("middleman.workers", size_t{0});
    set("middleman.attach-utility-actors", true);
  }
};

/// Keeps glibc's heap from growing for ever under a flood of batches of all sizes: by itself it gives each thread a
/// heap of its own, and learns to take ever larger buffers from it, which leave holes that nothing fits. Batches (64
/// KiB of what was read, and more) still come from the heap, and its free end is kept: mapped and unmapped for each,
/// they cost more than the events in them (tests/bench/RESULTS.md). All threads share one heap: any further one grows
/// by a page and a system call at a time.
void tame_heap() {
  ::mallopt(M_MMAP_THRESHOLD, 1'024 * 1'024);
  ::mallopt(M_TRIM_THRESHOLD, 16 * 1'024 * 1'024);
  ::mallopt(M_ARENA_MAX, 1);
}

/// Processor time since memory was released last beyond which a bus has something to do: all would come back at once.
constexpr std::clock_t least_work = CLOCKS_PER_SEC / 100;

/// Positions that are remembered, those of sources that are not there any more included.
constexpr size_t most_position_files = 1'024;

std::string positions_folder(const app_paths& paths) {
  return paths.dir + "/positions";
}

/// Everything that is checked or taken before the first actor is there.
struct preparation {
  instance_files files;
  std::vector<source_spec> sources;
  uint64_t descriptors = 0; ///< That we may have, without those of sources.
  unique_fd listening;
  bool shared_listener = false; ///< The service manager listens there, too, and goes on when we have ended.
  std::vector<node_source> node_sources;
  prepared_links links;
  uint32_t link_descriptors = 0; ///< For connections of other buses; none of `descriptors`.
  orphan_mark mark;
  command_context usual; ///< Of commands that have none of their own.
};

/// Certificates, the socket for other buses, and a share of the descriptors for them.
result<void> take_links(const serve_options& options, preparation& x) {
  auto links = prepare_links(options.nodes, x.node_sources);
  if (!links)
    return links.error();
  x.links = std::move(*links);
  if (!x.links.listening)
    return {};
  auto share = link_share(x.descriptors);
  if (!share)
    return share.error();
  x.link_descriptors = *share;
  x.descriptors -= *share;
  return {};
}

/// The right to be the daemon, with its folder and its log.
result<instance_files> take_place(const serve_options& options, bool on_demand) {
  auto paths = find_app_paths(base_dir(options.dir, process_environment()), options.app);
  if (!paths)
    return paths.error();
  if (auto prepared = prepare_app_dir(*paths); !prepared)
    return prepared.error();
  auto lock = instance_lock::take(*paths);
  if (!lock)
    return lock.error();
  // under the lock, so that a `stop --hold` that came after the starter's look is honoured, too
  if (on_demand && ::access(paths->hold.c_str(), F_OK) == 0)
    return held_back(*paths);
  ::unlink(paths->hold.c_str());
  if (auto logging = open_log(options, *paths, on_demand); !logging)
    return logging.error();
  return instance_files{std::move(*paths), std::move(*lock), logs_to_file(options, on_demand)};
}

/// The socket that clients connect to: a socket unit's, or one that is made at the place where none listens.
result<void> take_listener(preparation& x, bool on_demand) {
  const auto& path = x.files.paths().socket;
  auto listening = on_demand ? unique_fd{} : inherited_listener(path, defaults::listen_backlog);
  x.shared_listener = listening && *listening;
  if (listening && !*listening) {
    ::unlink(path.c_str()); // left over: only the holder of the lock could be listening
    listening = listen_unix(path, defaults::listen_backlog);
  }
  if (!listening)
    return listening.error();
  x.listening = std::move(*listening);
  x.files.add_socket();
  return {};
}

result<preparation> prepare(const serve_options& options, bool on_demand) {
  auto sources = parse_sources(options.sources);
  if (!sources)
    return sources.error();
  auto descriptors = without_sources(raise_descriptor_limit(), sources->size());
  if (!descriptors)
    return descriptors.error();
  auto files = take_place(options, on_demand);
  if (!files)
    return files.error();
  preparation x{std::move(*files), std::move(*sources), *descriptors, {}, false, {}, {}, 0, {}, {}};
  for (const auto& source : x.sources)
    if (source.what == source_spec::kind::node)
      x.node_sources.push_back({source.name, *parse_node_place(source.argument)});
  if (auto linked = take_links(options, x); !linked)
    return linked.error();
  if (auto listening = take_listener(x, on_demand); !listening)
    return listening.error();
  const auto& paths = x.files.paths();
  x.mark = orphan_mark{paths.dir + "/bus.children"};
  limit_position_files(positions_folder(paths), most_position_files);
  return x;
}

std::string reason_of(const caf::error& x) {
  return x && x.context().match_elements<std::string>() ? x.context().get_as<std::string>(0) : "internal error";
}

/// They bring nothing that no consumer has asked for.
void attach_links(const bus_parts& parts, const preparation& x, node_links& links) {
  auto seed = static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  for (const auto& spec : x.sources)
    if (spec.what == source_spec::kind::node)
      caf::anon_send(parts.bus, attach_source{spec.name, links.spawn_source(
                                                             {spec.name, *parse_node_place(spec.argument)}, ++seed)});
}

void attach_line_sources(caf::actor_system& system, const bus_parts& parts, const serve_options& options,
                         const preparation& x, const bus_options& limits) {
  for (const auto& spec : x.sources)
    if (spec.what != source_spec::kind::node)
      attach_line_source(system, parts, limits, spec,
                         {options.sources_wait, options.positions ? positions_folder(x.files.paths()) : ""});
}

void warn_if_insecure(const serve_options& options) {
  const auto notice = insecure_notice(options.nodes);
  if (notice.empty())
    return;
  log::link().warn("insecure-network notice={}", log::quoted(notice, notice.size()));
  if (options.log_to != log::place::standard_error)
    std::fprintf(stderr, "[cafbus] warning: %s\n", notice.c_str());
}

/// A sign of life for the service manager: it comes only if the bus and its parts answer.
void show_life(caf::event_based_actor* self, const bus_actor& bus, const service_manager& manager) {
  auto alive = [manager](const status_response& x) {
    manager.alive("consumers: " + std::to_string(x.active_conns) + ", events: " + std::to_string(x.counters.ingress));
  };
  self->request(bus, caf::infinite, read_status{}).then(alive, [](const caf::error&) {});
}

result<std::string> run_bus(const serve_options& options, preparation& x, wake_ups& wakes,
                            const service_manager& manager, const std::function<void(const std::string&)>& ready,
                            const option_reader& reread) {
  std::string reason;
  bool failed = false;
  bus_config config;
  caf::actor_system system{config};
  auto bus_options = options.bus;
  bus_options.app = options.app;
  bus_options.socket = x.files.paths().socket;
  limit_to(x.descriptors, bus_options);
  log::lines_per_second = bus_options.log_lines;
  warn_if_insecure(options);
  bus_options.on_stopping = [&] { wakes.bus_stops(); };
  bus_options.on_reload = [&](reload_answer answer) { wakes.reload_asked(std::move(answer)); };
  bus_options.commands.usual = x.usual;
  if (!x.mark.variable().empty())
    bus_options.commands.variables.push_back(x.mark.variable());
  auto parts = spawn_bus(system, bus_options);
  node_links links{system, parts, bus_options, x.links.terms};
  if (x.links.listening)
    links.listen(x.links, x.link_descriptors);
  caf::actor_cast<caf::abstract_actor*>(parts.bus)->attach_functor([&](const caf::error& end) {
    failed = end != caf::exit_reason::user_shutdown;
    reason = reason_of(end);
    wakes.bus_ended();
  });
  attach_links(parts, x, links); // first: whoever asks for status sees them
  spawn_socket_broker(system, parts, bus_options, std::move(x.listening), x.files.socket(), x.shared_listener);
  attach_line_sources(system, parts, options, x, bus_options); // last: one that ends may end the bus
  log::bus().info("bus-started app={} pid={} version={} socket={}", log::quoted(options.app), ::getpid(), version(),
                  log::quoted(x.files.paths().socket));
  x.files.lock().note(note_running);
  folder_watch watch{x.files.paths().dir};
  ready(x.files.paths().socket);
  const auto serving = "serving " + x.files.paths().socket;
  manager.ready(serving);
  bool stopping = false;
  std::string lost;
  auto look = [&] {
    if (stopping || !lost.empty())
      return;
    auto restored = x.files.look();
    if (!restored) {
      lost = restored.error().text;
      log::bus().error("files-lost reason={}", log::quoted(lost));
      caf::anon_send(parts.bus, stop_bus{lost, true});
      return;
    }
    for (const auto& path : *restored)
      log::bus().warn("file-restored path={}", log::quoted(path));
  };
  auto on_stop = [&] {
    stopping = true;
    x.files.lock().note(note_stopping);
    manager.stopping("consumers receive what is queued for them");
  };
  // with arguments: CAF 0.17 reads a null pointer to those that a function does not take
  auto on_beat = [&] { system.spawn(show_life, parts.bus, manager); };
  auto on_settled = [used = std::optional<std::clock_t>{}]() mutable {
    if (!used || std::clock() - *used < least_work)
      release_start_up_memory();
    used = std::clock();
  };
  wake_ups::chores chores{look, on_stop, on_beat, manager.beat().value_or(0us), on_settled};
  reloader configuration{options, reread, parts.bus, links, [&](auto& y) { limit_to(x.descriptors, y); }};
  for (bool asked = false; auto signal = wakes.wait(watch, chores);) {
    if (signal == SIGHUP) {
      auto asked_by = wakes.take_reloads(); // before the file is read: who asks later, asks for another look
      manager.reloading();
      auto outcome = configuration.reload();
      manager.ready(serving);
      for (const auto& answer : asked_by)
        answer(outcome);
      continue;
    }
    if (asked)
      ::_exit(128 + signal); // a second signal means: do not wait
    asked = true;
    caf::anon_send(parts.bus, stop_bus{"signal " + std::to_string(signal), true});
  }
  parts = {};
  if (failed || (!lost.empty() && reason == lost)) // an end without a request
    return failure{failure_kind::system, reason};
  return reason;
}

} // namespace

failure held_back(const app_paths& paths) {
  return {failure_kind::refused, "the bus is held back by " + paths.hold +
                                     ", left by `cafbus stop --hold`; `cafbus start` or `cafbus serve` removes it"};
}

result<std::string> run_daemon(const serve_options& options, const std::function<void(const std::string&)>& ready,
                               const option_reader& reread, bool on_demand) {
  auto umask_before = ::umask(077);
  tame_heap();
  wake_ups wakes;
  if (!wakes.good())
    return errno_failure("cannot wait for signals");
  // whoever is started on demand is not what the service manager of its starter waits for
  auto manager = on_demand ? service_manager{} : service_manager::find();
  if (!manager)
    return manager.error();
  auto prepared = prepare(options, on_demand);
  if (!prepared)
    return prepared.error();
  prepared->usual = usual_context(on_demand, umask_before);
  auto outcome = run_bus(options, *prepared, wakes, *manager, ready, reread);
  if (!prepared->shared_listener)
    prepared->files.remove_socket(); // still under the lock
  prepared->mark.remove();
  log::shut_down();
  return outcome;
}

} // namespace cafbus
