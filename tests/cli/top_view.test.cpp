#include "cli/top_view.hpp"

#include "cli/cells.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <clocale>

using namespace cafbus;

namespace {

using namespace std::chrono_literals;
using shown_lines = std::vector<top_line>;

struct fixture {
  fixture() { std::setlocale(LC_CTYPE, "C.UTF-8"); }
  ~fixture() { std::setlocale(LC_CTYPE, "C"); }

  /// A bus with consumers 1 to n, of which the n-th has n events waiting.
  static status_response bus(int consumers) {
    status_response x;
    x.version = "1";
    x.pid = 7;
    x.uptime_sec = 60;
    for (int i = 1; i <= consumers; ++i)
      x.consumers.push_back({.pid = i,
                             .event_key = "key" + std::to_string(i),
                             .received = static_cast<uint64_t>(i),
                             .queued = static_cast<uint64_t>(i)});
    return x;
  }

  shown_lines lines(size_t width = 60, size_t height = 15) { return view.lines(width, height, now); }

  std::string text_of(size_t i) { return lines().at(i).text; }

  /// The first line with that text, or one without text.
  top_line line(const std::string& text) {
    auto all = lines();
    auto found = std::ranges::find_if(all, [&](const auto& x) { return x.text.find(text) != std::string::npos; });
    return found == all.end() ? top_line{} : *found;
  }
  bool has(const std::string& text) { return !line(text).text.empty(); }

  std::string selected() {
    auto all = lines();
    auto found = std::ranges::find(all, top_line::selected, &top_line::how);
    return found == all.end() ? "" : found->text.substr(0, 20);
  }

  void type(const std::string& letters) {
    for (auto c : letters)
      CAF_CHECK(view.press({top_key::text, std::string{c}}));
  }

  top_view view{"shop"};
  top_view::clock::time_point now{100s};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(top_view_tests, fixture)

CAF_TEST(every screen is filled and no line is wider) {
  auto many = bus(200);
  many.consumers[199].event_key = "鍵" + std::string(300, 'x') + "🚀";
  many.consumers[198].event_key = "日本語日本語日本語日本語日本語日本語日本語";
  view.take(many, now);
  for (auto page : {"", "?", "q", "i", "q"}) {
    if (*page == 'q')
      view.press({top_key::escape});
    else
      type(page);
    for (size_t width : {0, 1, 29, 30, 31, 60, 79, 80, 100, 140, 300})
      for (size_t height : {0, 1, 7, 8, 15, 50, 250}) {
        auto all = lines(width, height);
        CAF_REQUIRE_EQUAL(all.size(), height);
        for (const auto& x : all)
          CAF_REQUIRE(cells_of(x.text) <= width);
      }
  }
}

CAF_TEST(at 60 cells a row has its figures and its reason) {
  auto before = bus(1), after = bus(1);
  before.consumers[0] = {.pid = 1, .event_key = "k", .received = 10, .queued = 10};
  after.consumers[0] = {.pid = 1, .event_key = "k", .received = 20, .queued = 20};
  view.take(before, now);
  view.take(after, now += 1s);
  CAF_CHECK_EQUAL(text_of(3), "    PID KEY              OUT/S    LAG  DROPS STATE          ");
  CAF_CHECK_EQUAL(text_of(4), "      1 k                    0     20      0 stuck: takes n…");
  CAF_CHECK(lines().at(4).how == top_line::bad);
}

CAF_TEST(the selection moves and the table follows) {
  view.take(bus(200), now);
  view.press({top_key::down});
  CAF_CHECK_EQUAL(selected().substr(0, 7), "    200");
  view.press({top_key::down});
  CAF_CHECK_EQUAL(selected().substr(0, 7), "    199");
  view.press({top_key::end});
  CAF_CHECK_EQUAL(selected().substr(0, 7), "      1");
  view.press({top_key::page_up});
  CAF_CHECK_EQUAL(selected().substr(0, 7), "     11");
  view.press({top_key::home});
  view.press({top_key::up});
  CAF_CHECK_EQUAL(selected().substr(0, 7), "    200");
}

CAF_TEST(the selection stays on its consumer when the order changes) {
  view.take(bus(50), now);
  view.press({top_key::down});
  type("r"); // now it is the last one
  CAF_CHECK_EQUAL(selected().substr(0, 7), "     50");
}

CAF_TEST(details show one consumer and that it has gone) {
  view.take(bus(3), now);
  view.press({top_key::down});
  view.press({top_key::enter});
  CAF_CHECK(has("key           key3"));
  CAF_CHECK(has("policy        drop_oldest"));
  CAF_CHECK(has("why           consumer 3 does not read"));
  view.take(bus(2), now += 1s);
  CAF_CHECK(has("this consumer has gone"));
  view.press({top_key::escape});
  CAF_CHECK(has("key2"));
}

CAF_TEST(a filter hides the others until it is cleared) {
  view.take(bus(12), now);
  type("/key12");
  CAF_CHECK(has("/key12_"));
  CAF_CHECK(has("12 key12"));
  CAF_CHECK(!has("11 key11"));
  view.press({top_key::backspace});
  CAF_CHECK(has("11 key11"));
  CAF_CHECK(!has(" 5 key5"));
  view.press({top_key::enter});
  CAF_CHECK(has("4 of 12"));
  view.press({top_key::escape});
  CAF_CHECK(has(" 5 key5"));
}

CAF_TEST(q within a filter is a letter and else ends it) {
  view.take(bus(1), now);
  type("/q");
  CAF_CHECK(has("no consumer fits the filter"));
  view.press({top_key::escape});
  CAF_CHECK(!view.press({top_key::text, "q"}));
}

CAF_TEST(a pause keeps what is shown) {
  view.take(bus(1), now);
  type("p");
  view.take(bus(2), now += 1s);
  CAF_CHECK(has("PAUSED"));
  CAF_CHECK(!has("key2"));
  type("p");
  view.take(bus(2), now += 1s);
  CAF_CHECK(has("key2"));
}

CAF_TEST(a bus that goes away is told and what was stays) {
  view.lose("not_running: no bus", now);
  CAF_CHECK(has("NO BUS for 0 s: not_running"));
  view.take(bus(1), now);
  view.lose("not_running: no bus", now);
  view.lose("not_running: no bus", now += 5s);
  CAF_CHECK(has("NO BUS for 5 s, below is what was"));
  CAF_CHECK(line("key1").how == top_line::faint);
  view.take(bus(1), now);
  CAF_CHECK(!has("NO BUS"));
}

CAF_TEST(the trouble of the bus is told above the table) {
  auto x = bus(1);
  x.sources = {{"stdin", source_state::stale, "", ""}};
  view.take(x, now);
  CAF_CHECK(has("the source stdin is stale"));
  type("i");
  CAF_CHECK(has("source      stdin stale"));
}

CAF_TEST(columns are sorted in turn) {
  view.take(bus(2), now);
  CAF_CHECK(has("s sort: trouble"));
  type("s");
  CAF_CHECK(has("s sort: lag"));
  view.press({top_key::left});
  view.press({top_key::left});
  CAF_CHECK(has("s sort: pid"));
}

CAF_TEST(names cannot draw on the screen) {
  auto x = bus(1);
  x.consumers[0].event_key = "a\033[2J\nb";
  view.take(x, now);
  for (const auto& each : lines())
    CAF_CHECK(each.text.find_first_of("\033\n") == std::string::npos);
}

CAF_TEST_FIXTURE_SCOPE_END()
