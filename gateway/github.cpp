#include "gateway/github.hpp"

#include "messages/json_text.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <span>

namespace cafbus::http {

namespace {

constexpr size_t max_word = 100;

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= max_word && std::ranges::all_of(text, [](unsigned char c) {
    return c < 128 && (std::isalnum(c) || c == '_' || c == '-');
  });
}

/// Whether it is one JSON object, and nothing behind it that would stand beside the payload in a frame.
/// @param action Is set if it is a word.
bool read_body(std::string_view body, std::string& action) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(simdjson::padded_string{body}).get(root) != simdjson::SUCCESS || !root.is_object())
    return false;
  if (std::string_view text; root["action"].get(text) == simdjson::SUCCESS && is_word(text))
    action = text;
  return true;
}

std::string to_line(std::string_view event_type, std::string_view delivery, std::string_view body) {
  std::string line = R"({"event_type":)";
  append_quoted(line, event_type);
  if (!delivery.empty()) {
    line += R"(,"event_id":)";
    append_quoted(line, delivery);
  }
  line += R"(,"payload":)";
  auto first = line.size();
  line += body;
  // JSON has no line break within a string: each one stands between two parts
  std::replace_if(
      line.begin() + static_cast<ptrdiff_t>(first), line.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return line += '}';
}

} // namespace

bool is_signed(std::string_view body, std::string_view header, std::string_view secret) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(body.data()), body.size(), digest.data(), &size) == nullptr)
    return false;
  std::string expected = "sha256=";
  for (auto byte : std::span{digest.data(), size}) {
    expected += "0123456789abcdef"[byte >> 4];
    expected += "0123456789abcdef"[byte & 15];
  }
  return same_secret(expected, header);
}

result<github_event> to_event(std::string_view event, std::string_view delivery, std::string_view body) {
  auto wrong = [](const char* why) { return failure{failure_kind::invalid, why}; };
  if (!is_word(event))
    return wrong("X-GitHub-Event names no event");
  if (!delivery.empty() && !is_word(delivery))
    return wrong("X-GitHub-Delivery is not an id");
  std::string action;
  if (body.starts_with("payload="))
    return wrong("the body is a form; choose the content type application/json in the webhook's settings at GitHub");
  if (!read_body(body, action))
    return wrong("the body is not a JSON object, as GitHub sends it with the content type application/json");
  auto type = "github." + std::string{event} + (action.empty() ? "" : "." + action);
  auto line = to_line(type, delivery, body);
  return github_event{std::move(type), std::move(line)};
}

} // namespace cafbus::http
