#include "config/defaults.hpp"
#include "messages/event_encoder.hpp"
#include "messages/event_frame.hpp"
#include "messages/frame_codec.hpp"
#include "messages/frame_splitter.hpp"
#include "tests/messages/padded_line.hpp"

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>
#include <vector>

#include <caf/test/unit_test.hpp>

// The conformance vectors in messages/vectors, which the clients in other languages run as well.

using namespace cafbus;
using json = nlohmann::ordered_json;

namespace {

json vectors(const std::string& name) {
  std::ifstream file{"messages/vectors/" + name + ".json"};
  return json::parse(file, nullptr, false);
}

std::string line_of(const json& vector) {
  if (!vector.contains("hex"))
    return vector["text"];
  std::string bytes;
  const std::string hex = vector["hex"];
  for (size_t i = 0; i < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

std::string error_of(const std::string& line) {
  const auto result = decode(line);
  const auto* error = std::get_if<codec_error>(&result);
  return error == nullptr ? "none" : to_string(*error);
}

/// What this program writes of a frame; nothing for a line whose content `decode` does not look into.
std::string written(const frame& x) {
  return std::visit(
      [](const auto& y) -> std::string {
        if constexpr (requires { encode(y); })
          return encode(y);
        else
          return {};
      },
      x);
}

void check_control_frame(const json& vector) {
  const auto read = decode(line_of(vector));
  CAF_REQUIRE(std::holds_alternative<frame>(read));
  const auto& x = std::get<frame>(read);
  CAF_CHECK(decode(vector["fields"].dump()) == read);
  if (vector.contains("written"))
    CAF_CHECK_EQUAL(written(x), line_of(vector) + '\n');
}

void check_event(const json& vector) {
  const padded_line line{line_of(vector)};
  event_frame_reader reader;
  const auto event = reader.read(line);
  CAF_REQUIRE(event);
  CAF_CHECK_EQUAL(std::string{event->payload}, vector["payload"].get<std::string>());
  CAF_CHECK_EQUAL(std::string{event->event_type}, vector["fields"]["event_type"].get<std::string>());
  CAF_CHECK_EQUAL(std::string{event->event_id}, vector["fields"].value("event_id", ""));
  CAF_CHECK_EQUAL(event->seq, vector["fields"]["seq"].get<uint64_t>());
}

void check_publish(const json& vector) {
  event_encoder encoder;
  CAF_REQUIRE(encoder.add_line(padded_line{line_of(vector)}) == event_encoder::outcome::added);
  const auto batch = encoder.finish();
  CAF_CHECK_EQUAL(std::string{batch->payload(0)}, vector["payload"].get<std::string>());
  const auto head = json::parse(std::string{batch->head(0)} + "0}", nullptr, false);
  for (const auto& [name, value] : vector["fields"].items())
    if (name != "type")
      CAF_CHECK(head.at(name) == value);
}

/// The lines of a stream that comes in these parts; a last one says "too long" if that is how it ended.
std::vector<std::string> lines_of(frame_splitter& splitter, const std::vector<std::string>& parts) {
  std::vector<std::string> lines;
  for (const auto& part : parts) {
    splitter.append(part.data(), part.size());
    while (auto line = splitter.next())
      lines.emplace_back(*line);
  }
  return lines;
}

void check_split(const json& vector, const std::vector<std::string>& parts) {
  frame_splitter splitter{vector["limit"].get<size_t>()};
  CAF_CHECK(lines_of(splitter, parts) == vector["lines"].get<std::vector<std::string>>());
  CAF_CHECK_EQUAL(splitter.too_long(), vector["too_long"].get<bool>());
  if (!splitter.too_long())
    CAF_CHECK_EQUAL(splitter.pending(), vector["rest"].get<std::string>().size());
}

} // namespace

CAF_TEST(lines are read and frames written as the vectors say) {
  const auto file = vectors("frames");
  CAF_REQUIRE(file.is_object());
  for (const auto& vector : file["frames"]) {
    CAF_MESSAGE(vector["name"].get<std::string>());
    const auto type = vector["fields"]["type"].get<std::string>();
    if (type == "event")
      check_event(vector);
    else if (type == "publish")
      check_publish(vector);
    else
      check_control_frame(vector);
  }
}

CAF_TEST(lines that are no frames are told as the vectors say) {
  const auto file = vectors("frames");
  CAF_REQUIRE(file.is_object());
  for (const auto& vector : file["errors"]) {
    CAF_MESSAGE(vector.dump());
    CAF_CHECK_EQUAL(error_of(line_of(vector)), vector["error"].get<std::string>());
  }
}

CAF_TEST(lines come out wherever the stream of a vector is cut) {
  const auto file = vectors("splits");
  CAF_REQUIRE(file.is_object());
  for (const auto& vector : file["splits"]) {
    CAF_MESSAGE(vector["name"].get<std::string>());
    const auto stream = vector["stream"].get<std::string>();
    std::vector<std::string> bytes;
    for (size_t at = 0; at < stream.size(); ++at) {
      check_split(vector, {stream.substr(0, at), stream.substr(at)});
      bytes.emplace_back(1, stream[at]);
    }
    check_split(vector, bytes);
  }
}
