#include "bench/floor.hpp"

#include "bench/payload.hpp"
#include "bench/peer.hpp"
#include "io/sockets/unix_socket.hpp"

#include <algorithm>
#include <poll.h>
#include <sys/socket.h>

namespace cafbus::bench {

namespace {

constexpr int floor_backlog = 1'024;
/// How far one consumer may get ahead of another, in rounds of prepared frames.
constexpr uint64_t max_lead = 16;

struct taker {
  unique_fd fd;
  uint64_t rounds = 0;
  size_t sent = 0; // of the round that is being written
};

std::string prepare(const std::string& frame) {
  auto body = frame.find(payload::start);
  auto count = floor_frames(frame.size());
  std::string result;
  for (size_t i = 0; i < count; ++i) {
    result += frame;
    payload::set_number(result.data() + result.size() - frame.size() + body, i);
  }
  return result;
}

/// Writes to each consumer what it takes. @returns whether anybody took anything.
bool write_round(std::vector<taker>& takers, const std::string& bytes, uint64_t limit) {
  bool progress = false;
  for (auto& x : takers) {
    if (x.rounds >= limit)
      continue;
    auto sent = ::send(x.fd.get(), bytes.data() + x.sent, bytes.size() - x.sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent <= 0)
      continue;
    progress = true;
    x.sent += static_cast<size_t>(sent);
    if (x.sent == bytes.size()) {
      x.sent = 0;
      ++x.rounds;
    }
  }
  return progress;
}

/// Waits until a consumer that may get something takes it, or `control` has something to say (if it is not -1).
void wait_for(const std::vector<taker>& takers, uint64_t limit, int control) {
  std::vector<pollfd> fds;
  for (const auto& x : takers)
    if (x.rounds < limit)
      fds.push_back({x.fd.get(), POLLOUT, 0});
  if (control >= 0)
    fds.push_back({control, POLLIN, 0});
  ::poll(fds.data(), fds.size(), -1);
}

bool told_to_stop(int control) {
  pollfd x{control, POLLIN, 0};
  return ::poll(&x, 1, 0) == 1;
}

void serve(std::vector<taker>& takers, int control) {
  auto bytes = prepare(read_until(control, "\n"));
  auto slowest = [&] {
    return std::min_element(takers.begin(), takers.end(), [](auto& x, auto& y) { return x.rounds < y.rounds; })->rounds;
  };
  while (!told_to_stop(control))
    if (auto limit = slowest() + max_lead; !write_round(takers, bytes, limit))
      wait_for(takers, limit, control);
  uint64_t last = 0;
  for (const auto& x : takers)
    last = std::max(last, x.rounds + (x.sent > 0 ? 1 : 0));
  while (slowest() < last)
    if (!write_round(takers, bytes, last))
      wait_for(takers, last, -1);
  read_until(control, "\n");
  auto frame = bytes.size() / std::max<size_t>(1, static_cast<size_t>(std::count(bytes.begin(), bytes.end(), '\n')));
  send_all(control, std::to_string(last * floor_frames(frame)) + '\n');
}

} // namespace

int run_floor(const std::string& socket) {
  auto listening = listen_unix(socket, floor_backlog);
  if (!listening)
    return 1;
  std::vector<taker> takers;
  for (;;) {
    pollfd waiting{listening->get(), POLLIN, 0};
    ::poll(&waiting, 1, -1);
    unique_fd connection{::accept4(listening->get(), nullptr, nullptr, SOCK_CLOEXEC)};
    char what = 0;
    if (::recv(connection.get(), &what, 1, 0) != 1)
      continue; // looked only whether we are there
    if (what == 'c') {
      send_all(connection.get(), "\n");
      takers.push_back({std::move(connection)});
    } else if (!takers.empty()) {
      serve(takers, connection.get());
      ::recv(connection.get(), &what, 1, 0); // until it goes; the consumers want to be connected that long
      takers.clear();
    }
  }
}

} // namespace cafbus::bench
