#include "gateway/options.hpp"

#include "tests/support/temp_dir.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <fstream>

#include <caf/test/unit_test.hpp>

using namespace cafbus::http;

namespace {

using words = std::vector<std::string>;

std::string mistake(words arguments) {
  arguments.emplace_back("socket=/s");
  auto x = parse_options(arguments);
  return x ? "" : x.error().text;
}

bool mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

CAF_TEST(an address is listened at and a name is not ) {
  CAF_CHECK_EQUAL(mistake({"listen=127.0.0.2:0"}), "");
  CAF_CHECK_EQUAL(mistake({"listen=[::1]:80"}), "");
  CAF_CHECK_EQUAL(mistake({"listen=localhost:80"}), "");
  CAF_CHECK(mentions(mistake({"listen=example.org:80"}), "is not an address"));
  for (auto text : {"", "80", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", ":0"})
    CAF_CHECK(mentions(mistake({std::string{"listen="} + text}), "--listen"));
  auto x = parse_options({"socket=/s", "listen=127.0.0.1:0"});
  CAF_CHECK(x && x->listen.port == 0 && x->loopback);
}

CAF_TEST(beyond loopback a token is needed) {
  for (auto text : {"0.0.0.0:80", "[::]:80", "192.0.2.1:80"})
    CAF_CHECK(mentions(mistake({std::string{"listen="} + text}), "--token-file"));
}

CAF_TEST(a signature is asked for or not) {
  CAF_CHECK_EQUAL(mistake({"github-unsigned=yes"}), "");
  cafbus::test::temp_dir dir;
  auto path = dir / "secret";
  std::ofstream{path} << "0123456789abcdef";
  ::chmod(path.c_str(), 0600);
  CAF_CHECK_EQUAL(mistake({"github-secret-file=" + path}), "");
  CAF_CHECK(mentions(mistake({"github-unsigned=yes", "github-secret-file=" + path}), "exclude each other"));
}

CAF_TEST(a host that no request can have is refused with what to write) {
  auto x = parse_options({"socket=/s", "allow-host=Bus.Example.org", "allow-host=my_host"});
  CAF_REQUIRE(x);
  CAF_CHECK(x->allow_hosts == words({"bus.example.org", "my_host"}));
  for (auto host : {"https://bus.example.org/", "bus.example.org:8443", "https://bus.example.org:8443/a?b"})
    CAF_CHECK(mentions(mistake({std::string{"allow-host="} + host}), "path, as bus.example.org;"));
  for (const auto& host : {std::string{}, std::string{"a b"}, std::string{"*.example.org"}, std::string{"[::1]"},
                           std::string{"::1"}, std::string{"b\xc3\xa4r"}, std::string{"a..b"}, std::string(254, 'x')})
    CAF_CHECK(mentions(mistake({"allow-host=" + host}), "is not a host name"));
}

CAF_TEST(a token that no header can carry is refused) {
  cafbus::test::temp_dir dir;
  auto path = dir / "token";
  std::ofstream{path} << std::string{"0123456789\0abcdef", 17};
  ::chmod(path.c_str(), 0600);
  CAF_CHECK(mentions(mistake({"token-file=" + path}), "control character"));
  CAF_CHECK_EQUAL(mistake({"github-secret-file=" + path}), "");
}

CAF_TEST(only what is known is an option) {
  CAF_CHECK(mentions(mistake({"nonsense=1"}), "nonsense"));
  CAF_CHECK(mentions(mistake({"nonsense"}), "cafbus http"));
  CAF_CHECK(!parse_options({}));
}

CAF_TEST(a secret is long and nobody else can read it) {
  cafbus::test::temp_dir dir;
  auto path = dir.path() + "/secret";
  auto write = [&](const std::string& text, mode_t mode) {
    std::ofstream{path} << text;
    ::chmod(path.c_str(), mode);
  };
  CAF_CHECK(!read_secret(path));
  write("0123456789abcdef \r\nmore", 0600);
  auto secret = read_secret(path);
  CAF_CHECK(secret && *secret == "0123456789abcdef");
  write("0123456789abcde", 0600);
  CAF_CHECK(mentions(read_secret(path).error().text, "16"));
  write("0123456789abcdef", 0640);
  CAF_CHECK(mentions(read_secret(path).error().text, "chmod 600"));
  CAF_CHECK(!read_secret(dir.path()));
  CAF_CHECK(mentions(mistake({"token-file=" + dir.path()}), "--token-file"));
}
