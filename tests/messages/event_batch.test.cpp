#include "messages/event_batch.hpp"

#include "messages/event_encoder.hpp"
#include "tests/messages/padded_line.hpp"
#include "tests/support/batches.hpp"

#include <string>
#include <tuple>
#include <vector>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

/// 2026-11-22T11:30:38.123456789Z
constexpr std::chrono::system_clock::time_point arrival{std::chrono::nanoseconds{1'795'347'038'123'456'789}};

std::string with_payload(const std::string& payload) {
  return R"({"event_type":"t","payload":)" + payload + "}";
}

struct fixture {
  fixture() { encoder.arrived_at(arrival); }

  void add(std::string_view line) { encoder.add_line(padded_line{line}); }

  event_encoder encoder;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(event_batch_tests, fixture)

CAF_TEST(a batch holds its events back to back and is then done with) {
  CAF_CHECK(encoder.finish() == nullptr);
  for (auto line : {R"({"event_type":"a","event_id":"1","payload":1})", "rubbish", R"({"event_type":"b","payload":22})",
                    R"({"event_type":"a","event_id":"333","payload":333})"})
    add(line);
  CAF_CHECK_EQUAL(encoder.size(), 3u);
  const auto bytes = encoder.bytes();
  const auto batch = encoder.finish();
  CAF_CHECK_EQUAL(batch->size(), 3u);
  CAF_CHECK_EQUAL(batch->bytes.size(), bytes);
  CAF_CHECK_EQUAL(batch->bytes_of(0, 3), bytes);
  CAF_CHECK_EQUAL(batch->bytes_of(0, 1) + batch->bytes_of(1, 2) + batch->bytes_of(2, 3), bytes);
  CAF_CHECK_EQUAL(batch->bytes_of(1, 1), 0u);
  CAF_CHECK_EQUAL(batch->types, (std::vector<std::string>{"a", "b"}));
  CAF_CHECK_EQUAL(batch->type(2), "a");
  CAF_CHECK_EQUAL(std::string{batch->id(0)}, "1");
  CAF_CHECK_EQUAL(std::string{batch->id(1)}, "");
  CAF_CHECK_EQUAL(std::string{batch->id(2)}, "333");
  CAF_CHECK_EQUAL(std::string{batch->payload(1)}, "22");
  CAF_CHECK(batch->head(1).ends_with(R"("seq":)"));
  CAF_CHECK_EQUAL(std::string{batch->tail(1)}, ",\"payload\":22}\n");
  CAF_CHECK_EQUAL(encoder.size(), 0u);
  CAF_CHECK_EQUAL(encoder.bytes(), 0u);
  CAF_CHECK(encoder.finish() == nullptr);
}

CAF_TEST(a batch outlives what the encoder does next) {
  add(R"({"event_type":"a","event_id":"1","payload":"first"})");
  const auto batch = encoder.finish();
  add(R"({"event_type":"b","event_id":"2","payload":"second"})");
  const auto next = encoder.finish();
  CAF_CHECK_EQUAL(std::string{batch->payload(0)}, "\"first\"");
  CAF_CHECK_EQUAL(batch->types, std::vector<std::string>{"a"});
  CAF_CHECK_EQUAL(next->types, std::vector<std::string>{"b"});
  CAF_CHECK_EQUAL(next->type(0), "b");
}

CAF_TEST(many types are told apart within a batch) {
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 3'000; ++i)
      add(R"({"event_type":"type-)" + std::to_string(i % 1'000) + R"(","payload":1})");
    const auto batch = encoder.finish();
    CAF_CHECK_EQUAL(batch->types.size(), 1'000u);
    for (size_t i = 0; i < batch->size(); ++i)
      CAF_CHECK(batch->type(i) == "type-" + std::to_string(i % 1'000));
  }
}

CAF_TEST(the clock serves all that follows until it is set again) {
  add(with_payload("1"));
  add(with_payload("2"));
  encoder.arrived_at(arrival + std::chrono::seconds{1});
  add(with_payload("3"));
  const auto batch = encoder.finish();
  CAF_CHECK_EQUAL(std::string{batch->head(0)}, std::string{batch->head(1)});
  CAF_CHECK(batch->head(2).find(R"("observed_at":"2026-11-22T11:30:39.123456789Z",)") != std::string_view::npos);
}

CAF_TEST(frames are appended with their sequence numbers) {
  for (int i = 0; i < 12; ++i)
    add(with_payload(std::to_string(i)));
  const auto batch = encoder.finish();
  const auto head = std::string{batch->head(0)};
  std::string expected = "before";
  for (int i = 2; i < 12; ++i)
    expected += head + std::to_string(95 + i) + ",\"payload\":" + std::to_string(i) + "}\n";
  std::string text = "before";
  append_frames(text, {batch, 2, 12, 97});
  CAF_CHECK_EQUAL(text, expected);
  std::vector<char> bytes{'b', 'e', 'f', 'o', 'r', 'e'};
  append_frames(bytes, {batch, 2, 12, 97});
  CAF_CHECK_EQUAL((std::string{bytes.begin(), bytes.end()}), expected);
  append_frames(text, {batch, 3, 3, 1});
  CAF_CHECK_EQUAL(text, expected);
}

CAF_TEST(the largest sequence number is written in full) {
  add(with_payload("1"));
  std::string frame;
  append_frames(frame, {encoder.finish(), 0, 1, 18'446'744'073'709'551'615u});
  CAF_CHECK(frame.find(R"("seq":18446744073709551615,)") != std::string::npos);
}

CAF_TEST(frames in pieces are the frames that are copied together) {
  for (int i = 0; i < 12; ++i)
    add(with_payload(std::to_string(i)));
  const auto batch = encoder.finish();
  frame_pieces pieces;
  std::string copied;
  for (auto [first, last, seq] :
       {std::tuple{0u, 12u, 5ul}, {3u, 4u, 99ul}, {4u, 4u, 7ul}, {5u, 9u, 18'446'744'073'709'551'600ul}}) {
    const event_range range{batch, first, last, seq, 0};
    pieces.append(range);
    append_frames(copied, range);
  }
  std::string joined;
  for (auto piece : pieces.pieces())
    joined += piece;
  CAF_CHECK_EQUAL(joined, copied);
  CAF_CHECK_EQUAL(pieces.bytes(), copied.size());
  pieces.clear();
  CAF_CHECK(pieces.pieces().empty());
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(a frame carries its cursor behind its number if it is asked for) {
  auto batch = numbered_batch(3);
  std::string plain, with, unknown;
  append_frames(plain, {batch, 1, 3, 9, {}, 254});
  append_frames(with, {batch, 1, 3, 9, {}, 254}, 0xabc);
  append_frames(unknown, {batch, 1, 3, 9}, 0xabc);
  CAF_CHECK_EQUAL(unknown, plain);
  auto expected = plain;
  expected.insert(expected.find(R"(,"payload")"), R"(,"cursor":"0000000000000abc-ff")");
  expected.insert(expected.rfind(R"(,"payload")"), R"(,"cursor":"0000000000000abc-100")");
  CAF_CHECK_EQUAL(with, expected);
  frame_pieces pieces;
  pieces.append({batch, 1, 3, 9, {}, 254}, 0xabc);
  std::string gathered;
  for (auto x : pieces.pieces())
    gathered += x;
  CAF_CHECK_EQUAL(gathered, expected);
  CAF_CHECK_EQUAL(pieces.bytes(), expected.size());
}

CAF_TEST(a frame says from the second time on how often members of a group have been given its event) {
  auto batch = numbered_batch(1);
  std::string plain, again, both;
  append_frames(plain, {batch, 0, 1, 9});
  event_range range{batch, 0, 1, 9, {}, 255};
  range.attempt = 2;
  append_frames(again, range);
  append_frames(both, range, 0xabc);
  auto expected = plain;
  expected.insert(expected.find(R"(,"payload")"), R"(,"attempt":2)");
  CAF_CHECK_EQUAL(again, expected);
  expected.insert(expected.find(R"(,"attempt")"), R"(,"cursor":"0000000000000abc-ff")");
  CAF_CHECK_EQUAL(both, expected);
  frame_pieces pieces;
  pieces.append(range);
  std::string gathered;
  for (auto x : pieces.pieces())
    gathered += x;
  CAF_CHECK_EQUAL(gathered, again);
}
