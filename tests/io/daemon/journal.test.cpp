#include "io/daemon/journal.hpp"

#include "io/daemon/libsystemd.hpp"
#include "tests/support/temp_dir.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;

CAF_TEST(without a journal the log says where it was looked for) {
  test::temp_dir tmp;
  auto journal = journal_output("shop", tmp / "socket");
  CAF_REQUIRE(!journal);
  CAF_CHECK(journal.error().text.starts_with("log-to = journal: "));
  auto expected = load_systemd() ? tmp / "socket" : std::string{"libsystemd"};
  CAF_CHECK(journal.error().text.find(expected) != std::string::npos);
}

CAF_TEST(a path that is too long for a socket is told) {
  auto journal = journal_output("shop", std::string(200, 'x'));
  CAF_REQUIRE(!journal);
  CAF_CHECK(!load_systemd() || journal.error().kind == failure_kind::invalid);
}

CAF_TEST(the command of the journal means what is asked for) {
  using words = std::vector<std::string>;
  CAF_CHECK_EQUAL(journal_command("shop", false, {}), (words{"journalctl", "CAFBUS_APP=shop"}));
  CAF_CHECK_EQUAL(journal_command("a.b", true, 0), (words{"journalctl", "--follow", "--lines=0", "CAFBUS_APP=a.b"}));
}
