#include "messages/link_reader.hpp"
#include "config/link_limits.hpp"
#include "messages/link_bytes.hpp"

#include <random>
#include <set>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

const std::string greeting = encode_link(link_greeting{});

struct outcome {
  std::vector<link_frame> frames;
  std::optional<link_offence> offence;
};

/// Reads all, in pieces of so many bytes.
outcome read(link_reader& reader, std::string_view bytes, size_t at_once = std::string::npos) {
  outcome result;
  while (!bytes.empty() && !reader.offence()) {
    bytes.remove_prefix(reader.read(bytes.substr(0, at_once)));
    if (auto frame = reader.frame())
      result.frames.push_back(std::move(*frame));
  }
  result.offence = reader.offence();
  return result;
}

/// A reader of the calling side that is connected: events may come.
link_reader caller() {
  link_reader result{link_side::caller};
  result.sent(link_kind::hello);
  read(result, greeting + encode_link(link_welcome{7, {}, link_export{}}));
  return result;
}

/// One of the calling side that has said hello: a greeting may come, and a welcome.
link_reader introduced() {
  link_reader result{link_side::caller};
  result.sent(link_kind::hello);
  return result;
}

/// One of the answering side: an interest may come.
link_reader answerer() {
  link_reader result{link_side::answerer};
  read(result, greeting + encode_link(link_hello{7, "b", link_resume{}}));
  result.sent(link_kind::welcome);
  return result;
}

node_interest sample_interest() {
  return {{"a", "bb.*"}, {{1, 2}, {3}}, {false, true}};
}

std::string header(uint32_t length, uint8_t kind) {
  std::string result;
  add_number(result, length);
  add_number(result, kind);
  return result;
}

std::string with_body(link_kind kind, const std::string& body) {
  return header(static_cast<uint32_t>(body.size()), static_cast<uint8_t>(kind)) + body;
}

std::string interest_of(uint32_t count, const std::string& rest) {
  std::string body;
  add_number(body, count);
  return with_body(link_kind::interest, body + rest);
}

std::string entry(const std::string& type, uint8_t hops) {
  std::string result;
  add_text(result, type, 65'535);
  add_number(result, hops);
  result.append(hops * 8, '\1');
  return result;
}

std::optional<link_offence> offence_of(link_reader reader, std::string_view bytes) {
  auto whole = read(reader, bytes);
  return whole.offence;
}

} // namespace

CAF_TEST(what is encoded is read again however it is cut) {
  const std::vector<link_frame> to_caller{
      link_greeting{},     link_welcome{7, {}, link_export{}},     link_ping{},
      link_events{"body"}, link_events{std::string(100'000, 'x')}, link_bye{"stopped"}};
  const std::vector<link_frame> to_answerer{link_greeting{}, link_hello{8, "app b", link_resume{}}, link_ping{}};
  for (auto side : {link_side::caller, link_side::answerer}) {
    const auto& frames = side == link_side::caller ? to_caller : to_answerer;
    std::string bytes;
    for (const auto& x : frames)
      bytes += encode_link(x);
    for (size_t at_once : {size_t{1}, size_t{2}, size_t{3}, size_t{5}, size_t{17}, std::string::npos}) {
      link_reader reader{side};
      reader.sent(link_kind::hello);
      if (side == link_side::answerer)
        reader = link_reader{side};
      auto x = read(reader, bytes, at_once);
      CAF_CHECK(!x.offence);
      CAF_CHECK(x.frames == frames);
    }
  }
}

CAF_TEST(an interest is read as it was written) {
  auto reader = answerer();
  auto x = read(reader, encode_link(sample_interest()), 1);
  CAF_REQUIRE(!x.offence && x.frames.size() == 1);
  CAF_CHECK(std::get<node_interest>(x.frames[0]) == sample_interest());
}

CAF_TEST(texts that are too long are cut and not refused) {
  link_reader reader{link_side::answerer};
  auto x = read(reader, greeting + encode_link(link_hello{1, std::string(70'000, 'x'), link_resume{}}) +
                            encode_link(link_bye{std::string(70'000, 'y')}));
  CAF_CHECK(!x.offence);
  CAF_REQUIRE(x.frames.size() == 3);
  CAF_CHECK_EQUAL(std::get<link_hello>(x.frames[1]).name.size(), defaults::max_name_bytes);
}

CAF_TEST(the greeting never changes) {
  CAF_CHECK_EQUAL(greeting, std::string("cafbus-link\n\1\0\4\0", 16));
}

CAF_TEST(the highest protocol that both speak counts) {
  link_reader reader{link_side::answerer};
  read(reader, encode_link(link_greeting{1, 9}));
  CAF_CHECK_EQUAL(reader.protocol(), highest_link_protocol);
  for (auto [low, high] :
       {std::pair<uint16_t, uint16_t>{0, 0}, {2, 1}, {highest_link_protocol + 1, 9}, {65'535, 65'535}})
    CAF_CHECK(offence_of(link_reader{link_side::answerer}, encode_link(link_greeting{low, high})) ==
              link_offence::no_common_protocol);
}

CAF_TEST(whoever is no bus is found out by the first wrong byte) {
  for (const auto& bytes : {"GET / HTTP/1.0\r\n\r\n", "\x16\x03\x01", "{", "cafbus-linK"}) {
    CAF_CHECK(offence_of(link_reader{link_side::answerer}, bytes) == link_offence::no_greeting);
    CAF_CHECK(offence_of(link_reader{link_side::caller}, bytes) == link_offence::no_greeting);
  }
  link_reader reader{link_side::answerer};
  CAF_CHECK_EQUAL(reader.read("cX"), 2u);
  CAF_CHECK(reader.offence() == link_offence::no_greeting);
  CAF_CHECK_EQUAL(reader.read("more"), 0u);
}

CAF_TEST(a kind that does not exist is refused by its header) {
  for (uint8_t kind : {0, 10, 11, 127, 128, 255})
    CAF_CHECK(offence_of(answerer(), header(0, kind)) == link_offence::unknown_kind);
}

CAF_TEST(a length above the most for its kind is refused before a byte of the body) {
  const std::tuple<link_kind, link_reader> cases[] = {
      {link_kind::events, caller()}, {link_kind::interest, answerer()}, {link_kind::bye, answerer()},
      {link_kind::ping, answerer()}, {link_kind::bye, caller()},
  };
  for (const auto& [kind, reader] : cases) {
    const auto most = static_cast<uint32_t>(max_link_body(kind));
    CAF_CHECK(!offence_of(reader, header(most, static_cast<uint8_t>(kind))));
    for (uint32_t length : {most + 1, 0x10000000u, 0x7fffffffu, 0x80000000u, 0xffffffffu})
      CAF_CHECK(offence_of(reader, header(length, static_cast<uint8_t>(kind))) == link_offence::too_long);
  }
}

CAF_TEST(what is only announced takes no memory) {
  auto reader = caller();
  read(reader,
       header(static_cast<uint32_t>(max_link_body(link_kind::events)), static_cast<uint8_t>(link_kind::events)));
  CAF_CHECK(reader.held() < 100);
  read(reader, std::string(1'000, 'x'));
  CAF_CHECK(reader.held() < 4'000);
  auto rest = max_link_body(link_kind::events) - 1'000;
  CAF_CHECK_EQUAL(read(reader, std::string(rest, 'x')).frames.size(), 1u);
  CAF_CHECK(reader.held() < 100);
}

CAF_TEST(every body that is cut or too long is malformed) {
  const std::tuple<link_kind, std::string, link_reader> cases[] = {
      {link_kind::hello, encode_link(link_hello{7, "name", link_resume{}}), link_reader{link_side::answerer}},
      {link_kind::welcome, encode_link(link_welcome{7, {}, link_export{8, true}}), introduced()},
      {link_kind::interest, encode_link(sample_interest()), answerer()},
      {link_kind::bye, encode_link(link_bye{"reason"}), caller()},
  };
  for (const auto& [kind, bytes, reader] : cases) {
    const auto before = kind == link_kind::hello || kind == link_kind::welcome ? greeting : std::string{};
    const auto body = bytes.substr(link_header_bytes);
    for (size_t size = 0; size < body.size(); ++size)
      CAF_CHECK(offence_of(reader, before + with_body(kind, body.substr(0, size))) == link_offence::malformed);
    CAF_CHECK(offence_of(reader, before + with_body(kind, body + 'x')) == link_offence::malformed);
    CAF_CHECK(!offence_of(reader, before + with_body(kind, body)));
  }
}

CAF_TEST(what is resumed is read back from the third protocol on and not before) {
  const link_hello hello{7, "b", link_resume{1, 2, 3}};
  const link_welcome welcome{8, {}, link_export{9, true}};
  link_reader answering{link_side::answerer};
  CAF_CHECK(read(answering, greeting + encode_link(hello)).frames.at(1) == link_frame{hello});
  auto calling = introduced();
  CAF_CHECK(read(calling, greeting + encode_link(welcome)).frames.at(1) == link_frame{welcome});
  const auto older = encode_link(link_greeting{1, first_protocol_with_resume - 1});
  CAF_CHECK(offence_of(link_reader{link_side::answerer}, older + encode_link(hello)) == link_offence::malformed);
  CAF_CHECK(offence_of(introduced(), older + encode_link(welcome)) == link_offence::malformed);
  CAF_CHECK(!offence_of(link_reader{link_side::answerer}, older + encode_link(link_hello{7, "b"})));
  CAF_CHECK(!offence_of(introduced(), older + encode_link(link_welcome{8, {}})));
  auto neither = encode_link(welcome);
  neither.back() = 2;
  CAF_CHECK(offence_of(introduced(), greeting + neither) == link_offence::malformed);
}

CAF_TEST(counts of an interest are believed only as far as bytes have come) {
  CAF_CHECK(!offence_of(answerer(), interest_of(0, "")));
  CAF_CHECK(!offence_of(answerer(), interest_of(1, entry("a", 1))));
  CAF_CHECK(offence_of(answerer(), interest_of(defaults::max_node_types + 1, "")) == link_offence::too_many);
  CAF_CHECK(offence_of(answerer(), interest_of(0xffffffffu, "")) == link_offence::too_many);
  CAF_CHECK(offence_of(answerer(), interest_of(defaults::max_node_types, entry("a", 1))) == link_offence::malformed);
  CAF_CHECK(offence_of(answerer(), interest_of(2, entry("a", 1))) == link_offence::malformed);
  CAF_CHECK(offence_of(answerer(), interest_of(1, entry("a", 0))) == link_offence::too_many);
  CAF_CHECK(offence_of(answerer(), interest_of(1, entry("a", defaults::max_node_hops + 1))) == link_offence::too_many);
  CAF_CHECK(offence_of(answerer(), interest_of(1, entry("", 1))) == link_offence::bad_text);
  CAF_CHECK(offence_of(answerer(), interest_of(1, entry("\xff", 1))) == link_offence::bad_text);
  CAF_CHECK(offence_of(answerer(), interest_of(1, entry(std::string(defaults::max_name_bytes + 1, 'x'), 1))) ==
            link_offence::bad_text);
}

CAF_TEST(texts are UTF8) {
  CAF_CHECK(offence_of(link_reader{link_side::answerer},
                       greeting + encode_link(link_hello{7, "\xc3", link_resume{}})) == link_offence::bad_text);
  link_reader reader{link_side::caller};
  reader.sent(link_kind::hello);
  CAF_CHECK(offence_of(reader, greeting + encode_link(link_welcome{7, "\xff", link_export{}})) ==
            link_offence::bad_text);
  CAF_CHECK(offence_of(caller(), encode_link(link_bye{"\x80"})) == link_offence::bad_text);
}

CAF_TEST(only what a side may send at that point is taken) {
  const std::vector<std::pair<link_kind, std::string>> all{
      {link_kind::hello, encode_link(link_hello{7, "b", link_resume{}})},
      {link_kind::welcome, encode_link(link_welcome{7, {}, link_export{}})},
      {link_kind::interest, encode_link(sample_interest())},
      {link_kind::interest_taken, encode_link(link_interest_taken{})},
      {link_kind::events, encode_link(link_events{"x"})},
      {link_kind::events_taken, encode_link(link_events_taken{})},
      {link_kind::ping, encode_link(link_ping{})},
      {link_kind::pong, encode_link(link_pong{})},
      {link_kind::bye, encode_link(link_bye{"x"})},
  };
  using kinds = std::set<link_kind>;
  auto greeted = [](link_side side) {
    link_reader result{side};
    read(result, greeting);
    return result;
  };
  auto introduced = greeted(link_side::caller);
  introduced.sent(link_kind::hello);
  auto answering = greeted(link_side::answerer);
  read(answering, encode_link(link_hello{7, "b", link_resume{}}));
  auto asking = caller();
  asking.sent(link_kind::interest);
  auto asked = answerer();
  read(asked, encode_link(sample_interest()));
  auto sending = answerer();
  sending.sent(link_kind::events);
  auto pinging = caller();
  pinging.sent(link_kind::ping);
  using k = link_kind;
  const std::pair<link_reader, kinds> states[] = {
      {greeted(link_side::caller), {k::ping, k::bye}},
      {greeted(link_side::answerer), {k::hello, k::ping, k::bye}},
      {introduced, {k::welcome, k::ping, k::bye}},
      {answering, {k::ping, k::bye}},
      {caller(), {k::events, k::ping, k::bye}},
      {answerer(), {k::interest, k::ping, k::bye}},
      {asking, {k::events, k::interest_taken, k::ping, k::bye}},
      {asked, {k::ping, k::bye}},
      {sending, {k::interest, k::events_taken, k::ping, k::bye}},
      {pinging, {k::events, k::ping, k::pong, k::bye}},
  };
  for (const auto& [reader, allowed] : states) {
    for (const auto& [kind, bytes] : all) {
      auto offence = offence_of(reader, bytes);
      if (allowed.contains(kind))
        CAF_CHECK(!offence);
      else
        CAF_CHECK(offence == link_offence::out_of_place);
    }
  }
}

CAF_TEST(answers come once) {
  auto asking = caller();
  asking.sent(link_kind::interest);
  auto once = encode_link(link_interest_taken{});
  CAF_CHECK(!offence_of(asking, once));
  CAF_CHECK(offence_of(asking, once + once) == link_offence::out_of_place);
  auto asked = answerer();
  read(asked, encode_link(sample_interest()));
  asked.sent(link_kind::interest_taken);
  CAF_CHECK(!offence_of(asked, encode_link(sample_interest())));
}

CAF_TEST(no more events are on their way than the window holds) {
  auto reader = caller();
  const auto one = encode_link(link_events{"x"});
  for (uint32_t i = 0; i < link_window(highest_link_protocol); ++i)
    CAF_CHECK(!read(reader, one).offence);
  auto waiting = reader;
  CAF_CHECK(offence_of(reader, one) == link_offence::out_of_place);
  waiting.sent(link_kind::events_taken);
  CAF_CHECK(!offence_of(waiting, one));
}

CAF_TEST(large events fill the window sooner) {
  auto reader = caller();
  const auto one = encode_link(link_events{std::string(4 * defaults::delivery_bytes, 'x')});
  for (uint32_t i = 0; i < link_window(highest_link_protocol) / 4; ++i)
    CAF_CHECK(!read(reader, one).offence);
  auto waiting = reader;
  CAF_CHECK(offence_of(reader, one) == link_offence::out_of_place);
  waiting.sent(link_kind::events_taken);
  CAF_CHECK(!offence_of(waiting, one));
}

CAF_TEST(a bus that speaks an older protocol has a narrow window) {
  link_reader reader{link_side::caller};
  reader.sent(link_kind::hello);
  read(reader, encode_link(link_greeting{1, 3}) + encode_link(link_welcome{7, {}, link_export{}}));
  const auto one = encode_link(link_events{"x"});
  for (uint32_t i = 0; i < 8; ++i)
    CAF_CHECK(!read(reader, one).offence);
  CAF_CHECK(offence_of(reader, one) == link_offence::out_of_place);
}

CAF_TEST(pings without end are refused and some each tick are not ) {
  auto reader = caller();
  const auto ping = encode_link(link_ping{});
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 8; ++i)
      CAF_CHECK(!read(reader, ping).offence);
    auto more = reader;
    CAF_CHECK(offence_of(more, ping) == link_offence::too_many_pings);
    reader.tick();
  }
}

CAF_TEST(random bytes end in an offence or a wait and never in anything else) {
  std::minstd_rand random{11};
  for (int round = 0; round < 20'000; ++round) {
    auto reader = round % 2 == 0 ? caller() : answerer();
    std::string bytes(random() % 60, '\0');
    for (auto& x : bytes)
      x = static_cast<char>(random() % (round % 3 == 0 ? 256 : 12));
    auto x = read(reader, bytes, 1 + random() % 7);
    CAF_REQUIRE(reader.held() < 4'096);
  }
}

CAF_TEST(every offence has a name and a text of its own) {
  std::set<std::string> seen;
  for (uint8_t i = 0; i <= static_cast<uint8_t>(link_offence::not_asked_for); ++i) {
    seen.insert(to_string(static_cast<link_offence>(i)));
    seen.insert(text_of(static_cast<link_offence>(i)));
  }
  CAF_CHECK_EQUAL(seen.size(), 2 * (static_cast<size_t>(link_offence::not_asked_for) + 1));
}
