#include "io/sockets/unix_socket.hpp"

#include "tests/support/temp_dir.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <future>
#include <vector>

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

struct fixture {
  test::temp_dir tmp;
  std::string path = tmp / "bus.sock";

  unique_fd listening(int backlog = 8) const {
    auto result = listen_unix(path, backlog);
    if (!result)
      CAF_FAIL(result.error().text);
    return *std::move(result);
  }

  bool connects() const { return static_cast<bool>(connect_unix(path, 1s)); }

  failure_kind connect_error(std::chrono::nanoseconds timeout = 1s) const {
    auto result = connect_unix(path, timeout);
    CAF_REQUIRE(!result);
    return result.error().kind;
  }
};

bool is_private(int fd) {
  return (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0 && (::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(unix_socket_tests, fixture)

CAF_TEST(two ends find each other and talk) {
  auto listener = listening();
  auto connected = connect_unix(path, 1s);
  CAF_REQUIRE(connected);
  auto& client = *connected;
  unique_fd server{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
  CAF_REQUIRE(server);
  CAF_CHECK_EQUAL(::send(client.get(), "hi", 2, MSG_NOSIGNAL), 2);
  char buffer[8];
  CAF_CHECK_EQUAL(::recv(server.get(), buffer, sizeof(buffer), 0), 2);
}

CAF_TEST(sockets are not inherited and do not block) {
  auto listener = listening();
  auto connected = connect_unix(path, 1s);
  CAF_CHECK(is_private(listener.get()));
  CAF_CHECK(is_private(connected->get()));
}

CAF_TEST(the socket file is private whatever the umask) {
  for (mode_t mask : {0000u, 0022u, 0177u, 0777u}) {
    auto before = ::umask(mask);
    auto listener = listen_unix(path, 1);
    ::umask(before);
    CAF_REQUIRE(listener);
    struct stat info {};
    CAF_REQUIRE_EQUAL(::lstat(path.c_str(), &info), 0);
    CAF_CHECK(S_ISSOCK(info.st_mode));
    CAF_CHECK_EQUAL(info.st_mode & 0777, 0600u);
    ::unlink(path.c_str());
  }
}

CAF_TEST(a path that is taken is not touched) {
  auto listener = listening();
  auto second = listen_unix(path, 8);
  CAF_REQUIRE(!second);
  CAF_CHECK(second.error().text.find("in use") != std::string::npos);
  CAF_CHECK(connects());
}

CAF_TEST(a path that does not fit is refused at both ends) {
  path = tmp / std::string(120, 'x');
  CAF_CHECK(!listen_unix(path, 8));
  CAF_CHECK(connect_error() == failure_kind::invalid);
  path = std::string{"\0abstract", 9};
  CAF_CHECK(!listen_unix(path, 8));
  path = "";
  CAF_CHECK(connect_error() == failure_kind::invalid);
}

CAF_TEST(the longest path that the kernel takes works) {
  path = tmp.path() + '/' + std::string(107 - tmp.path().size() - 1, 'x');
  auto listener = listening();
  CAF_CHECK(connects());
}

CAF_TEST(nobody there and nobody listening are the same to a caller) {
  CAF_CHECK(connect_error() == failure_kind::not_found);
  listening();
  CAF_CHECK(connect_error() == failure_kind::not_found);
}

CAF_TEST(only a socket at which nobody listens is taken anew) {
  auto refusal = [&] { return listen_unix_anew(path, 0).error().kind; };
  {
    auto listener = listen_unix_anew(path, 0); // nothing is there
    CAF_REQUIRE(listener);
    CAF_CHECK(refusal() == failure_kind::refused);
    auto first = connect_unix(path, 1s); // the backlog is full now
    CAF_CHECK(refusal() == failure_kind::refused);
    CAF_CHECK_EQUAL(::access(path.c_str(), F_OK), 0);
  }
  CAF_CHECK(listen_unix_anew(path, 0));
  ::unlink(path.c_str());
  CAF_REQUIRE_EQUAL(::symlink("/dev/null", path.c_str()), 0);
  CAF_CHECK(refusal() == failure_kind::invalid);
  CAF_CHECK(::access((path + ".cafbus-starting").c_str(), F_OK) != 0);
}

CAF_TEST(of those who find a leftover at once one gets the place and can be reached) {
  for (int round = 0; round < 50; ++round) {
    listening(); // and gone
    std::vector<std::future<result<unique_fd>>> starters;
    for (int i = 0; i < 4; ++i)
      starters.push_back(std::async(std::launch::async, [&] { return listen_unix_anew(path, 8); }));
    std::vector<unique_fd> listeners;
    for (auto& x : starters)
      if (auto listener = x.get())
        listeners.push_back(std::move(*listener));
      else
        CAF_CHECK(listener.error().kind == failure_kind::refused);
    CAF_REQUIRE_EQUAL(listeners.size(), 1u);
    CAF_REQUIRE(connects());
    listeners.clear();
    ::unlink(path.c_str());
  }
}

CAF_TEST(a place where nothing can be made is refused by its name) {
  path = tmp / "none/bus.sock";
  const auto refused = listen_unix_anew(path, 8);
  CAF_REQUIRE(!refused);
  CAF_CHECK_EQUAL(refused.error().text.find("cannot listen at " + path + ": "), 0u);
}

CAF_TEST(a turn that nobody ends is refused by name) {
  unique_fd held{::open((path + ".cafbus-starting").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600)};
  CAF_REQUIRE_EQUAL(::flock(held.get(), LOCK_EX), 0);
  const auto refused = listen_unix_anew(path, 8);
  CAF_REQUIRE(!refused);
  CAF_CHECK(refused.error().text.find(path + ".cafbus-starting") != std::string::npos);
  held.reset();
  CAF_CHECK(listen_unix_anew(path, 8)); // the file was left behind
}

CAF_TEST(a full backlog is waited for until the timeout) {
  auto listener = listening(0);
  auto first = connect_unix(path, 1s);
  CAF_REQUIRE(first);
  CAF_CHECK(connect_error(20ms) == failure_kind::timed_out);
  unique_fd accepted{::accept(listener.get(), nullptr, nullptr)};
  CAF_CHECK(connects());
}

CAF_TEST(the kernel tells who the peer is) {
  auto listener = listening();
  auto connected = connect_unix(path, 1s);
  auto peer = peer_credentials(connected->get());
  CAF_REQUIRE(peer.has_value());
  CAF_CHECK(*peer == (credentials{::getpid(), ::geteuid(), ::getegid()}));
  CAF_CHECK(!peer_credentials(-1).has_value());
}

CAF_TEST_FIXTURE_SCOPE_END()
