#include "cli/jq_wire.hpp"

#include <cstring>

namespace cafbus {

namespace {

/// In place of a size: the result is the input.
constexpr uint32_t is_input = UINT32_MAX;

} // namespace

void append_number(std::string& out, uint32_t x) {
  out.append(reinterpret_cast<const char*>(&x), sizeof(x));
}

uint32_t take_number(std::string_view& from) {
  uint32_t x = 0;
  std::memcpy(&x, from.data(), sizeof(x));
  from.remove_prefix(sizeof(x));
  return x;
}

std::string encode_message(std::string_view content) {
  std::string result;
  result.reserve(sizeof(uint32_t) + content.size());
  append_number(result, static_cast<uint32_t>(content.size()));
  result += content;
  return result;
}

std::string encode_outcome(const jq_outcome& x) {
  std::string content;
  append_number(content, static_cast<uint32_t>(x.error.size()));
  content += x.error;
  for (const auto& text : x.results) {
    append_number(content, text ? static_cast<uint32_t>(text->size()) : is_input);
    content += text.value_or("");
  }
  return encode_message(content);
}

std::optional<std::string_view> complete_message(std::string_view bytes) {
  if (bytes.size() < sizeof(uint32_t))
    return std::nullopt;
  auto size = take_number(bytes);
  return bytes.size() < size ? std::nullopt : std::optional{bytes.substr(0, size)};
}

std::optional<jq_outcome> decode_outcome(std::string_view content) {
  jq_outcome x;
  auto take_text = [&content](uint32_t size) {
    auto text = std::string{content.substr(0, size)};
    content.remove_prefix(size);
    return text;
  };
  for (bool first = true; first || !content.empty(); first = false) {
    if (content.size() < sizeof(uint32_t))
      return std::nullopt;
    auto size = take_number(content);
    if (!first && size == is_input) {
      x.results.emplace_back();
      continue;
    }
    if (size > content.size())
      return std::nullopt;
    if (first)
      x.error = take_text(size);
    else
      x.results.emplace_back(take_text(size));
  }
  return x;
}

} // namespace cafbus
