#include "io/daemon/listeners.hpp"

#include "io/sockets/unix_socket.hpp"
#include "tests/support/temp_dir.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

struct listeners_fixture {
  test::temp_dir tmp;
  std::string path = tmp / "bus.sock";
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(listeners_tests, listeners_fixture)

CAF_TEST(a socket that listens is seen without connecting to it) {
  CAF_CHECK(!has_listener(path));
  auto listening = listen_unix(path, 5);
  CAF_REQUIRE(listening);
  CAF_CHECK(has_listener(path));
  CAF_CHECK(!has_listener(tmp / "us.sock"));
  CAF_CHECK(!has_listener("bus.sock"));
  CAF_CHECK(::accept(listening->get(), nullptr, nullptr) < 0); // nobody came
  listening->reset();
  CAF_CHECK(!has_listener(path)); // the file is still there
}

CAF_TEST(a private socket that listens at the path can be taken over) {
  auto listening = listen_unix(path, 5);
  CAF_REQUIRE(listening);
  CAF_CHECK_EQUAL(why_no_listener(listening->get(), path), "");
}

CAF_TEST(what is no socket that listens at the path is told apart) {
  auto listening = listen_unix(path, 5);
  CAF_REQUIRE(listening);
  auto connected = connect_unix(path, std::chrono::seconds{5});
  CAF_REQUIRE(connected);
  CAF_CHECK_EQUAL(why_no_listener(connected->get(), path), "does not listen");
  CAF_CHECK_EQUAL(why_no_listener(listening->get(), tmp / "other"), "listens at \"" + path + '"');
  unique_fd datagram{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  unique_fd inet{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  unique_fd file{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  for (auto fd : {datagram.get(), inet.get(), file.get(), -1})
    CAF_CHECK_EQUAL(why_no_listener(fd, path), "is no Unix stream socket");
  ::chmod(path.c_str(), 0644);
  CAF_CHECK_EQUAL(why_no_listener(listening->get(), path), "");
  ::chmod(path.c_str(), 0620);
  CAF_CHECK_EQUAL(why_no_listener(listening->get(), path), "other users may use");
  ::unlink(path.c_str());
  CAF_CHECK_EQUAL(why_no_listener(listening->get(), path), "has no file");
  std::ofstream{path} << "x";
  CAF_CHECK_EQUAL(why_no_listener(listening->get(), path), "has no file");
}

CAF_TEST_FIXTURE_SCOPE_END()
