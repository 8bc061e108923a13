#include "bench/inner_bus.hpp"

#include "actors/bus.hpp"
#include "bench/clock.hpp"
#include "bench/payload.hpp"
#include "bench/peer.hpp"
#include "bench/publishers.hpp"
#include "io/sockets/socket_broker.hpp"
#include "io/sockets/unix_socket.hpp"
#include "messages/event_encoder.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/blocking_actor.hpp>
#include <caf/io/middleman.hpp>
#include <caf/scoped_actor.hpp>
#include <filesystem>
#include <optional>
#include <poll.h>
#include <sstream>
#include <sys/socket.h>

namespace cafbus::bench {

namespace {

constexpr int inner_backlog = 1'024;

/// As the daemon's.
struct inner_config : caf::actor_system_config {
  inner_config() {
    load<caf::io::middleman>();
    config_file_path.clear();
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", size_t{2});
    set("middleman.workers", size_t{0});
    set("middleman.attach-utility-actors", true);
  }
};

struct order {
  double rate = 0;
  size_t payload = 0;
};

/// Publishes one event after the other, each at its time, until `stop`. @returns how many.
uint64_t publish_paced(caf::blocking_actor* self, const hub_actor& hub, const order& x, const std::atomic<bool>& stop) {
  event_encoder encoder;
  auto body = payload::make(x.payload, 0);
  auto type = type_name(0);
  uint64_t sent = 0;
  auto begin = now_ns();
  while (!stop) {
    payload::set_number(body.data(), sent);
    payload::set_time(body.data(), now_ns());
    encoder.arrived_at(std::chrono::system_clock::now());
    event_fields fields;
    fields.event_type = type;
    fields.payload = body;
    encoder.add(fields);
    auto answer = self->request(hub, caf::infinite, publish{encoder.finish(), 0});
    ++sent;
    sleep_until(begin + static_cast<uint64_t>(static_cast<double>(sent) * 1e9 / x.rate));
    answer.receive([](const published&) {}, [](const caf::error&) {}); // most often it is there long since
  }
  return sent;
}

/// Serves one order: publishes until the next line comes.
void serve(caf::actor_system& system, const hub_actor& hub, int control) {
  std::istringstream line{read_until(control, "\n")};
  order x;
  if (!(line >> x.rate >> x.payload))
    return;
  std::atomic<bool> stop = false;
  std::atomic<uint64_t> sent = 0;
  auto source =
      system.spawn<caf::detached>([&](caf::blocking_actor* self) { sent = publish_paced(self, hub, x, stop); });
  pollfd waiting{control, POLLIN, 0};
  ::poll(&waiting, 1, -1);
  stop = true;
  caf::scoped_actor self{system};
  self->wait_for(source);
  read_until(control, "\n");
  send_all(control, std::to_string(sent) + '\n');
}

} // namespace

int run_inner_bus(const std::string& dir) {
  inner_config config;
  caf::actor_system system{config};
  bus_options options;
  options.idle_timeout = std::chrono::nanoseconds{0};
  options.socket = dir + "/default/bus.sock";
  std::filesystem::create_directories(dir + "/default");
  auto listening = listen_unix(options.socket, inner_backlog);
  auto controlling = listen_unix(dir + '/' + inner_control, inner_backlog);
  if (!listening || !controlling)
    return 1;
  auto parts = spawn_bus(system, options);
  spawn_socket_broker(system, parts, options, std::move(*listening), own_file{options.socket});
  for (;;) {
    pollfd waiting{controlling->get(), POLLIN, 0};
    ::poll(&waiting, 1, -1);
    if (unique_fd connection{::accept4(controlling->get(), nullptr, nullptr, SOCK_CLOEXEC)}; connection)
      serve(system, parts.hub, connection.get());
  }
}

} // namespace cafbus::bench
