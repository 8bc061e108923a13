#include "config/log_output.hpp"

#include "base/unique_fd.hpp"
#include "config/log.hpp"
#include "tests/support/temp_dir.hpp"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

struct pipe_fixture {
  pipe_fixture() {
    std::array<int, 2> ends{};
    CAF_REQUIRE_EQUAL(::pipe2(ends.data(), O_CLOEXEC), 0);
    reader.reset(ends[0]);
    writer.reset(ends[1]);
  }
  ~pipe_fixture() { log::shut_down(); }

  /// All that has come.
  std::string taken() {
    ::fcntl(reader.get(), F_SETFL, O_NONBLOCK);
    std::string result;
    std::array<char, 4096> buffer;
    for (ssize_t n; (n = ::read(reader.get(), buffer.data(), buffer.size())) > 0;)
      result.append(buffer.data(), static_cast<size_t>(n));
    return result;
  }

  unique_fd reader;
  unique_fd writer;
};

const log::record sample_record{"t", "info", "bus", "bus-started pid=1"};

} // namespace

CAF_TEST_FIXTURE_SCOPE(log_output_tests, pipe_fixture)

CAF_TEST(a stream gets lines in either format) {
  log::stream_output(writer.get(), log::format::text)->write(sample_record);
  log::stream_output(writer.get(), log::format::json)->write(sample_record);
  CAF_CHECK_EQUAL(taken(), "t info bus bus-started pid=1\n"
                           R"({"time":"t","level":"info","component":"bus","event":"bus-started","fields":{"pid":1}})"
                           "\n");
}

CAF_TEST(a reader that takes nothing costs lines and one wait) {
  while (::fcntl(writer.get(), F_SETFL, O_NONBLOCK) == 0 && ::write(writer.get(), "xxxxxxxx", 8) > 0) {
  }
  ::fcntl(writer.get(), F_SETFL, 0);
  auto stream = log::stream_output(writer.get(), log::format::text);
  auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 1'000; ++i)
    stream->write(sample_record);
  CAF_CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds{60}); // 1,000 waits would be 1,000 s
  taken();
  stream->write(sample_record);
  CAF_CHECK_EQUAL(taken(), "t info bus bus-started pid=1\n");
}

CAF_TEST(a reader that has gone is no error) {
  reader.reset();
  auto before = ::signal(SIGPIPE, SIG_IGN);
  log::stream_output(writer.get(), log::format::text)->write(sample_record);
  ::signal(SIGPIPE, before);
}

CAF_TEST(the log can go to a stream and has nothing to open anew there) {
  CAF_REQUIRE(log::to(log::stream_output(writer.get(), log::format::json), "info"));
  CAF_CHECK(log::reopen());
  log::hub().info("client-joined conn={}", 7);
  log::shut_down();
  auto text = taken();
  CAF_CHECK(text.starts_with("{\"time\":\"20"));
  CAF_CHECK(text.ends_with(R"("level":"info","component":"hub","event":"client-joined","fields":{"conn":7}})"
                           "\n"));
}

CAF_TEST(a file has lines in JSON if asked for) {
  test::temp_dir tmp;
  CAF_REQUIRE(log::to_file(tmp / "bus.log", "info", log::format::json));
  log::bus().info("bus-started");
  log::shut_down();
  std::ifstream in{tmp / "bus.log"};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  CAF_CHECK(text.ends_with(R"("component":"bus","event":"bus-started","fields":{}})"
                           "\n"));
}

CAF_TEST_FIXTURE_SCOPE_END()
