#include "io/sockets/socket_calls.hpp"

#include "base/unique_fd.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

struct fixture {
  fixture() {
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
      CAF_FAIL("no pair of sockets");
    ours.reset(ends[0]);
    theirs.reset(ends[1]);
  }

  std::string received(size_t size) {
    std::string result(size, '\0');
    auto n = ::recv(theirs.get(), result.data(), size, MSG_WAITALL);
    result.resize(n > 0 ? static_cast<size_t>(n) : 0);
    return result;
  }

  socket_calls& calls = system_socket_calls();
  unique_fd ours;
  unique_fd theirs;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(socket_calls_tests, fixture)

CAF_TEST(pieces arrive in their order) {
  std::vector<std::string_view> pieces = {"one ", "", "two ", "three"};
  CAF_CHECK_EQUAL(calls.send(ours.get(), pieces), 13);
  CAF_CHECK_EQUAL(received(13), "one two three");
}

CAF_TEST(more pieces than the kernel takes at once are taken in part) {
  std::vector<std::string_view> pieces(3'000, "x");
  auto n = calls.send(ours.get(), pieces);
  CAF_CHECK(n > 0 && n < 3'000);
  CAF_CHECK_EQUAL(received(static_cast<size_t>(n)), std::string(static_cast<size_t>(n), 'x'));
}

CAF_TEST(a full socket is told and does not block) {
  const std::string much(1 << 20, 'x');
  ssize_t n = 0;
  do
    n = calls.send(ours.get(), much.data(), much.size());
  while (n > 0);
  CAF_CHECK_EQUAL(n, -1);
  CAF_CHECK(errno == EAGAIN || errno == EWOULDBLOCK);
}

CAF_TEST(a peer that has gone is an error and no signal) {
  theirs.reset();
  CAF_CHECK_EQUAL(calls.send(ours.get(), "x", 1), -1);
  CAF_CHECK_EQUAL(errno, EPIPE);
}

CAF_TEST(the kernel says who the peer is) {
  auto peer = calls.peer(ours.get());
  CAF_REQUIRE(peer);
  CAF_CHECK_EQUAL(peer->pid, ::getpid());
  CAF_CHECK_EQUAL(peer->uid, ::getuid());
}

CAF_TEST(what was sent before a shut - down still arrives) {
  calls.send(ours.get(), "bye", 3);
  calls.shut_down(ours.get());
  CAF_CHECK_EQUAL(received(10), "bye");
}

CAF_TEST_FIXTURE_SCOPE_END()
