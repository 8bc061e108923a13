#include "gateway/gateway_log.hpp"

#include "base/unique_fd.hpp"

#include <caf/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

using namespace cafbus;
using namespace cafbus::http;
using namespace std::chrono_literals;

namespace {

const gateway_log::time_point start{};

/// A log whose lines are kept without their time.
struct kept_log {
  explicit kept_log(log_level least)
    : log(least, [this](const log::record& x) { lines.push_back(std::string{x.level} + ' ' + std::string{x.text}); }) {}
  std::vector<std::string> lines;
  gateway_log log;
};

struct pipe_ends {
  pipe_ends() {
    std::array<int, 2> ends{};
    CAF_REQUIRE_EQUAL(::pipe2(ends.data(), 0), 0);
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    reading = unique_fd{ends[0]};
    writing = unique_fd{ends[1]};
  }
  std::string read() const {
    std::string result;
    std::array<char, 8'192> text{};
    for (auto n = ::read(reading.get(), text.data(), text.size()); n > 0;
         n = ::read(reading.get(), text.data(), text.size()))
      result.append(text.data(), static_cast<size_t>(n));
    return result;
  }
  unique_fd reading, writing;
};

} // namespace

CAF_TEST(each cause has one line per second that says for how many it stands) {
  kept_log x{log_level::info};
  for (int i = 0; i < 1'000; ++i)
    x.log.write_limited(log_level::warning, "bad_signature", "request-refused", start + 1h);
  x.log.write_limited(log_level::warning, "unauthorized", "request-refused code=unauthorized", start + 1h);
  x.log.write_limited(log_level::warning, "bad_signature", "request-refused", start + 1h + 1s);
  CAF_CHECK(x.lines == (std::vector<std::string>{"warning request-refused times=1",
                                                 "warning request-refused code=unauthorized times=1",
                                                 "warning request-refused times=1000"}));
}

CAF_TEST(lines below the level are left out) {
  kept_log quiet{log_level::warning}, silent{log_level::off};
  for (auto* x : {&quiet, &silent}) {
    x->log.write(log_level::info, "http-started");
    x->log.write(log_level::error, "accept-failed");
    x->log.write_limited(log_level::error, "accept-failed", "accept-failed", start);
  }
  CAF_CHECK(quiet.lines == (std::vector<std::string>{"error accept-failed", "error accept-failed times=1"}));
  CAF_CHECK(silent.lines.empty());
}

CAF_TEST(a level is one of five words) {
  CAF_CHECK(parse_log_level("warn") && *parse_log_level("warn") == log_level::warning);
  CAF_CHECK(parse_log_level("off") && *parse_log_level("off") == log_level::off);
  CAF_CHECK(!parse_log_level("warning"));
  CAF_CHECK(!parse_log_level(""));
}

CAF_TEST(a line has a time and for the journal its priority) {
  pipe_ends ends;
  gateway_log{log_level::info, write_to(ends.writing.get(), log::format::text, true)}.write(log_level::warning,
                                                                                            "e k=1\nx");
  auto line = ends.read();
  CAF_CHECK_EQUAL(line.substr(0, 5), "<4>20");
  CAF_CHECK_EQUAL(line.substr(line.find(' ')), " warning http e k=1 x\n");
  gateway_log{log_level::info, write_to(ends.writing.get(), log::format::json, false)}.write(log_level::info, "e k=1");
  CAF_CHECK(ends.read().ends_with(R"("level":"info","component":"http","event":"e","fields":{"k":1}})"
                                  "\n"));
}

CAF_TEST(a reader that takes nothing does not keep it) {
  pipe_ends ends;
  gateway_log log{log_level::info, write_to(ends.writing.get(), log::format::text, false)};
  for (int i = 0; i < 2'000; ++i)
    log.write(log_level::info, "event-with-some-text-behind-it-so-that-the-pipe-is-full-soon");
  auto text = ends.read();
  auto lines = std::count(text.begin(), text.end(), '\n');
  CAF_CHECK(lines > 100 && lines < 2'000); // whole ones; the others are lost
  CAF_CHECK(text.ends_with("soon\n"));
}

CAF_TEST(the journal is known by the place that systemd names) {
  pipe_ends ends;
  struct stat info {};
  CAF_REQUIRE_EQUAL(::fstat(ends.writing.get(), &info), 0);
  auto place = std::to_string(info.st_dev) + ':' + std::to_string(info.st_ino);
  CAF_CHECK(is_journal(ends.writing.get(), place.c_str()));
  CAF_CHECK(!is_journal(ends.writing.get(), "1:2"));
  CAF_CHECK(!is_journal(ends.writing.get(), nullptr));
}
