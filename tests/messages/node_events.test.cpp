#include "messages/node_events.hpp"
#include "config/link_limits.hpp"
#include "messages/link_bytes.hpp"
#include "tests/support/batches.hpp"

#include <random>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

constexpr uint64_t self = 1, peer = 2, third = 3;

const auto anything = [](const std::string&) { return true; };

event_batch_ptr three_events() {
  return make_batch({{"a", "id-1", "1"}, {"b", {}, "[2]"}, {"a", {}, "\"three\""}});
}

batch_numbers_ptr numbered_from(uint64_t first) {
  return std::make_shared<batch_numbers>(batch_numbers{first, {3, 1, 4}});
}

/// Three events of the peer, numbered from 11, on their way to this bus.
node_events sample(uint16_t protocol = highest_link_protocol) {
  std::vector<event_range> ranges{{three_events(), 0, 3, 1, numbered_from(11)}};
  return encode_events(ranges, {peer, self, protocol}, 5).value();
}

decoded_events decode(node_events x, uint16_t protocol = highest_link_protocol) {
  return events_decoder{{self, peer, protocol}}.decode(std::move(x), anything);
}

/// One event as somebody else might send it.
node_events made_up(const event_origin& origin, std::string_view line, uint32_t count = 1) {
  node_events result;
  add_number(result.body, uint64_t{0});
  add_number(result.body, count);
  add_number(result.body, origin.node);
  add_number(result.body, origin.number);
  add_number(result.body, origin.type_number);
  add_number(result.body, static_cast<uint8_t>(origin.hops));
  add_number(result.body, static_cast<uint32_t>(line.size()));
  result.body += line;
  result.body.append(9, '\0'); // no streams
  return result;
}

std::string line_of(const std::string& fields) {
  return R"({"type":"event",)" + fields + "}\n";
}

const std::string sound = R"("event_type":"a","observed_at":"2026-01-01T00:00:00Z","seq":0,"payload":{})";
constexpr event_origin own_event{peer, 1, 1, 0};

std::optional<link_offence> offence_of(node_events x) {
  return decode(std::move(x)).offence;
}

} // namespace

CAF_TEST(a message holds the events with their bytes and where they come from) {
  auto x = decode(sample());
  CAF_REQUIRE(x.batch != nullptr);
  auto expected = three_events();
  CAF_CHECK_EQUAL(x.batch->bytes, expected->bytes);
  CAF_CHECK_EQUAL(x.batch->types, expected->types);
  CAF_CHECK_EQUAL(x.batch->id(0), "id-1");
  CAF_CHECK_EQUAL(x.batch->payload(2), "\"three\"");
  CAF_CHECK_EQUAL(x.dropped, 5u);
  for (size_t i = 0; i < 3; ++i)
    CAF_CHECK(x.batch->origins[i] == (event_origin{peer, 11 + i, 1, 0, numbered_from(11)->of_type[i]}));
}

CAF_TEST(an older bus gets the events without what it does not know) {
  auto x = decode(sample(1), 1);
  CAF_REQUIRE(x.batch != nullptr);
  auto sent = three_events();
  CAF_CHECK_EQUAL(x.batch->bytes, sent->bytes);
  CAF_CHECK(x.batch->origins[2] == (event_origin{peer, 13, 1, 0}));
  CAF_CHECK(decode(sample(1)).offence.has_value());
  CAF_CHECK(decode(sample(), 1).offence.has_value());
}

CAF_TEST(a message may hold streams and no event) {
  const std::vector<stream_count> streams{{0, "a", 7, 0}, {third, "b", 0, 2}, {self, "c", 1, 1}};
  auto messages = encode_streams(streams, {peer, self}, 6, 4);
  CAF_REQUIRE_EQUAL(messages.size(), 1u);
  auto x = decode(std::move(messages.front()));
  CAF_CHECK(!x.offence);
  CAF_CHECK(x.batch == nullptr);
  CAF_CHECK(x.streams == (std::vector<stream_count>{{peer, "a", 7, 1}, {third, "b", 0, 3}}));
  CAF_CHECK_EQUAL(x.dropped, 6u);
  CAF_CHECK_EQUAL(x.answered, 4u);
  CAF_CHECK(x.complete);
}

CAF_TEST(many streams come in several messages and the last one completes them) {
  std::vector<stream_count> streams;
  for (size_t i = 0; i < 20'000; ++i)
    streams.push_back({0, "type-" + std::to_string(i), i, 0});
  size_t total = 0;
  auto messages = encode_streams(streams, {peer, self}, 0, 1);
  CAF_CHECK_GREATER(messages.size(), 1u);
  for (auto& message : messages) {
    CAF_CHECK_LESS_OR_EQUAL(message.body.size(), defaults::max_link_events_bytes);
    auto is_last = &message == &messages.back();
    auto x = decode(std::move(message));
    CAF_CHECK(!x.offence);
    CAF_CHECK_EQUAL(x.complete, is_last);
    total += x.streams.size();
  }
  CAF_CHECK_EQUAL(total, 20'000u);
  CAF_CHECK_EQUAL(encode_streams({}, {peer, self}, 0, 1).size(), 1u); // that there is none is an answer, too
}

CAF_TEST(a stream is believed no more than an event) {
  auto offence = [](const stream_count& x) {
    node_events made;
    add_number(made.body, uint64_t{0});
    add_number(made.body, uint32_t{0});
    add_number(made.body, uint32_t{1});
    add_number(made.body, uint8_t{1});
    add_number(made.body, uint32_t{1});
    add_number(made.body, x.node);
    add_number(made.body, x.number);
    add_number(made.body, static_cast<uint8_t>(x.hops));
    add_text(made.body, x.type, 10'000);
    return offence_of(std::move(made));
  };
  CAF_CHECK(!offence({peer, "a", 1, 1}));
  CAF_CHECK(offence({self, "a", 1, 2}) == link_offence::wrong_origin);
  CAF_CHECK(offence({peer, "a", 1, 2}) == link_offence::wrong_origin);
  CAF_CHECK(offence({third, "a", 1, 1}) == link_offence::wrong_origin);
  CAF_CHECK(offence({peer, "a", uint64_t{1} << 60, 1}) == link_offence::wrong_origin);
  CAF_CHECK(offence({peer, "", 1, 1}) == link_offence::bad_text);
  CAF_CHECK(offence({peer, "\xff", 1, 1}) == link_offence::bad_text);
  CAF_CHECK(offence({peer, std::string(defaults::max_name_bytes + 1, 'x'), 1, 1}) == link_offence::bad_text);
}

CAF_TEST(an event that is passed on keeps its bytes and its origin and has crossed one more link) {
  auto batch = decode(sample()).batch;
  std::vector<event_range> ranges{{batch, 1, 3, 1}};
  auto next = encode_events(ranges, {self, third}, 0).value();
  auto passed = events_decoder{{third, self}}.decode(std::move(next), anything).batch;
  CAF_REQUIRE(passed != nullptr);
  CAF_CHECK_EQUAL(passed->size(), 2u);
  CAF_CHECK(passed->origins[0] == (event_origin{peer, 12, 2, 0, 1}));
  CAF_CHECK_EQUAL(std::string{passed->head(0)}, std::string{batch->head(1)});
}

CAF_TEST(no source time is made up on the way) {
  auto x = decode(made_up(own_event, line_of(sound)));
  CAF_REQUIRE(x.batch != nullptr);
  CAF_CHECK_EQUAL(std::string{x.batch->head(0)},
                  R"({"type":"event","event_type":"a","observed_at":"2026-01-01T00:00:00Z","seq":)");
}

CAF_TEST(a bus gets nothing back and nothing goes further than the limit) {
  auto batch = std::make_shared<event_batch>(*decode(sample()).batch);
  std::vector<event_range> ranges{{batch, 0, 3, 1}};
  CAF_CHECK(!encode_events(ranges, {self, peer}, 0));
  batch->origins[0].hops = batch->origins[2].hops = defaults::max_node_hops;
  auto rest = encode_events(ranges, {self, third}, 0).value();
  CAF_CHECK_EQUAL(link_bytes{std::string_view{rest.body}.substr(8)}.number<uint32_t>(), 1u);
}

CAF_TEST(a peer speaks for itself over one link and for others over more) {
  auto at = [](uint64_t node, uint64_t number, uint32_t hops) {
    return offence_of(made_up({node, number, hops}, line_of(sound)));
  };
  CAF_CHECK(!at(peer, 1, 1));
  CAF_CHECK(!at(third, 1, 2));
  CAF_CHECK(!at(third, 1, defaults::max_node_hops));
  const std::tuple<uint64_t, uint64_t, uint32_t> wrong[] = {
      {peer, 1, 2}, {third, 1, 1}, {self, 1, 2},  {self, 1, 1},
      {0, 1, 1},    {peer, 0, 1},  {third, 1, 0}, {third, 1, defaults::max_node_hops + 1},
  };
  for (auto [node, number, hops] : wrong)
    CAF_CHECK(at(node, number, hops) == link_offence::wrong_origin);
}

CAF_TEST(what is no event is refused) {
  const std::string lines[] = {
      "x",
      "{}",
      "[]",
      line_of(sound).substr(1),
      R"({"type":"hello",)" + sound + "}\n",
      "{" + sound + "}\n",
      line_of(R"("event_type":"a","seq":0,"payload":{})"),                        // nobody has seen it
      line_of(R"("event_type":"a","observed_at":"x","seq":0)"),                   // no payload
      line_of(R"("event_type":"","observed_at":"x","seq":0,"payload":{})"),       // no type
      line_of(R"("event_type":"a","observed_at":7,"seq":0,"payload":{})"),        // no text
      line_of(R"("event_type":"a","observed_at":"x","seq":0,"payload":{"a":}})"), // no JSON
      line_of(R"("event_type":"a","observed_at":"x","seq":0,"payload":")") + "\xff\"}\n",
      line_of(sound) + line_of(sound),
      line_of(R"("event_type":")" + std::string(defaults::max_name_bytes + 1, 'x') +
              R"(","observed_at":"x","seq":0,"payload":{})"),
      line_of(R"("event_type":"a","observed_at":")" + std::string(defaults::max_name_bytes + 1, 'x') +
              R"(","seq":0,"payload":{})"),
      line_of(R"("event_type":"a","observed_at":"x","seq":0,"payload":")" +
              std::string(defaults::max_payload_bytes, 'x') + "\""),
  };
  for (const auto& line : lines) {
    auto padded = line; // shorter than any event, it would not get as far
    padded.append(line.size() < 60 ? 60 - line.size() : 0, ' ');
    CAF_CHECK(offence_of(made_up(own_event, padded)) == link_offence::bad_event);
  }
}

CAF_TEST(a line break within an event cannot make two of it) {
  auto line = line_of(R"("event_type":"a","observed_at":"x",)"
                      "\n"
                      R"("seq":0,"payload":{"n":1}})");
  CAF_CHECK(offence_of(made_up(own_event, line)) == link_offence::bad_event);
  CAF_CHECK(offence_of(made_up(own_event, R"({"type":"event","event_type":"a","observed_at":"x")"
                                          "\n"
                                          R"(,"seq":0,"payload":1})")) == link_offence::bad_event);
  CAF_CHECK(offence_of(made_up(own_event, line_of(R"("event_type":"a","observed_at":"x","seq":0,"payload":{"n":1)"
                                                  "\n}"))) == link_offence::bad_event);
}

CAF_TEST(an event of a type that was not asked for is refused) {
  auto x = events_decoder{{self, peer}}.decode(sample(), [](const std::string& type) { return type == "a"; });
  CAF_CHECK(x.offence == link_offence::not_asked_for);
  CAF_CHECK(x.batch == nullptr);
}

CAF_TEST(a message that is cut or longer than it says is refused) {
  auto whole = sample();
  for (size_t size = 0; size < whole.body.size(); ++size)
    CAF_CHECK(offence_of({whole.body.substr(0, size)}).has_value());
  CAF_CHECK(offence_of({whole.body + ' '}) == link_offence::malformed);
}

CAF_TEST(no count makes the reader reserve more than has come) {
  for (uint32_t count : {0u, 2u, 0x7fffffffu, 0xffffffffu})
    CAF_CHECK(offence_of(made_up(own_event, line_of(sound), count)) == link_offence::malformed);
}

CAF_TEST(what a refused message brought is not in the next) {
  events_decoder decoder{{self, peer}};
  auto cut = sample();
  cut.body.pop_back();
  CAF_CHECK(decoder.decode(std::move(cut), anything).offence.has_value());
  auto x = decoder.decode(sample(), anything);
  CAF_REQUIRE(x.batch != nullptr);
  CAF_CHECK_EQUAL(x.batch->size(), 3u);
}

CAF_TEST(random damage gives a sound batch or an offence) {
  std::minstd_rand random{7};
  size_t refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    auto message = sample();
    for (int n = 0; n < 2; ++n)
      message.body[random() % message.body.size()] = static_cast<char>(random());
    auto x = decode(std::move(message));
    CAF_REQUIRE((x.batch == nullptr) == x.offence.has_value());
    refused += x.offence.has_value();
    if (x.batch)
      CAF_REQUIRE(x.batch->bytes_of(0, x.batch->size()) == x.batch->bytes.size() &&
                  x.batch->origins.size() == x.batch->size());
  }
  CAF_CHECK(refused > 1'000);
}
