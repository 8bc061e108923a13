#include "io/daemon/service_manager.hpp"

#include "io/daemon/libsystemd.hpp"
#include "tests/support/temp_dir.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

/// Unsets what a service manager puts into the environment, now and at the end.
struct quiet_environment {
  quiet_environment() { clear(); }
  ~quiet_environment() { clear(); }

  static void clear() {
    for (auto name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID"})
      ::unsetenv(name);
  }

  test::temp_dir tmp;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(service_manager_tests, quiet_environment)

CAF_TEST(a manager hears of each state in the words of its protocol) {
  std::vector<std::string> said;
  service_manager manager{[&](const std::string& x) { said.push_back(x); }, 30s};
  manager.ready("serving /a\nb");
  manager.reloading();
  manager.stopping("idle");
  manager.alive("consumers: 1");
  CAF_REQUIRE_EQUAL(said.size(), 4u);
  CAF_CHECK_EQUAL(said[0], "READY=1\nSTATUS=serving /a b");
  CAF_CHECK(said[1].starts_with("RELOADING=1\nMONOTONIC_USEC="));
  CAF_CHECK_EQUAL(said[2], "STOPPING=1\nSTATUS=idle");
  CAF_CHECK_EQUAL(said[3], "WATCHDOG=1\nSTATUS=consumers: 1");
  CAF_CHECK(manager.beat() == 15s);
}

CAF_TEST(without a manager nothing is said) {
  auto manager = service_manager::find();
  CAF_REQUIRE(manager);
  CAF_CHECK(!manager->beat());
  manager->ready("x");
  auto socket = inherited_listener(tmp / "bus.sock", 5);
  CAF_REQUIRE(socket);
  CAF_CHECK(!*socket);
}

CAF_TEST(a manager at a socket gets datagrams) {
  if (!load_systemd())
    return;
  auto path = tmp / "notify";
  int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  CAF_REQUIRE_EQUAL(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  ::setenv("WATCHDOG_USEC", "2000000", 1);
  auto manager = service_manager::find();
  CAF_REQUIRE(manager);
  CAF_CHECK(manager->beat() == 1s);
  manager->ready("serving");
  std::array<char, 256> buffer;
  auto n = ::recv(fd, buffer.data(), buffer.size(), 0);
  CAF_CHECK_EQUAL(std::string(buffer.data(), n < 0 ? 0 : static_cast<size_t>(n)), "READY=1\nSTATUS=serving");
  ::close(fd);
}

CAF_TEST(a watchdog of another process and sockets of another one are not ours) {
  if (!load_systemd())
    return;
  ::setenv("NOTIFY_SOCKET", (tmp / "nobody").c_str(), 1);
  ::setenv("WATCHDOG_USEC", "2000000", 1);
  ::setenv("WATCHDOG_PID", "1", 1);
  ::setenv("LISTEN_FDS", "1", 1);
  ::setenv("LISTEN_PID", "1", 1);
  CAF_CHECK(!service_manager::find()->beat());
  auto socket = inherited_listener(tmp / "bus.sock", 5);
  CAF_REQUIRE(socket);
  CAF_CHECK(!*socket);
}

CAF_TEST(several sockets are refused) {
  if (!load_systemd())
    return;
  // descriptors of the test program itself: what they are is not looked at
  ::setenv("LISTEN_FDS", "2", 1);
  ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
  std::array<int, 2> taken{::dup(0), ::dup(0)};
  auto socket = inherited_listener(tmp / "bus.sock", 5);
  CAF_REQUIRE(!socket);
  CAF_CHECK(socket.error().kind == failure_kind::refused || socket.error().kind == failure_kind::system);
  for (auto fd : taken)
    ::close(fd);
}

CAF_TEST_FIXTURE_SCOPE_END()
