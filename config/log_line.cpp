#include "config/log_line.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

// A component logs text, `event key=value`, which is the cheapest and what people read. The other formats are made from
// that text by the thread that writes, so that nothing on the path of an event knows of them.

namespace cafbus::log {

namespace {

constexpr auto npos = std::string_view::npos;

/// Removes what it returns from `text`: all before the next blank, which goes, too.
std::string_view next_word(std::string_view& text) {
  auto end = std::min(text.find(' '), text.size());
  auto word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

/// The character that an escape stands for. @param text Behind the backslash; what was read is removed.
char unescaped(std::string_view& text) {
  auto c = text.front();
  text.remove_prefix(1);
  if (c == 'n' || c == 'r' || c == 't')
    return c == 'n' ? '\n' : c == 'r' ? '\r' : '\t';
  unsigned byte = 0;
  if (c != 'x' || text.size() < 2 || std::from_chars(text.data(), text.data() + 2, byte, 16).ptr != text.data() + 2)
    return c;
  text.remove_prefix(2);
  return static_cast<char>(byte);
}

/// Reads text in quotes, as `quoted` has written it. @pre `text` begins with a quote
std::string read_quoted(std::string_view& text) {
  std::string result;
  text.remove_prefix(1);
  while (!text.empty() && text.front() != '"') {
    auto c = text.front();
    text.remove_prefix(1);
    result += c == '\\' && !text.empty() ? unescaped(text) : c;
  }
  text.remove_prefix(std::min<size_t>(1, text.size()));
  result += next_word(text); // "..." where it was cut
  return result;
}

/// Where the key that a word begins with ends; nowhere if it has none.
size_t end_of_key(std::string_view word) {
  auto end = word.find('=');
  return end == 0 || word.find('"') < end ? npos : end;
}

std::optional<int64_t> as_number(const std::string& text) {
  int64_t number = 0;
  auto end = text.data() + text.size();
  auto [at, error] = std::from_chars(text.data(), end, number);
  // what other programs take for a number without a loss
  constexpr int64_t exact = int64_t{1} << 53;
  if (error != std::errc{} || at != end || number > exact || number < -exact || std::to_string(number) != text)
    return std::nullopt;
  return number;
}

nlohmann::ordered_json value_of(const field& x) {
  if (x.was_quoted)
    return x.value;
  if (x.value == "true" || x.value == "false")
    return x.value == "true";
  if (auto number = as_number(x.value))
    return *number;
  return x.value;
}

std::string as_json(const record& x) {
  auto parts = take_apart(x.text);
  auto fields = nlohmann::ordered_json::object();
  for (const auto& y : parts.fields)
    fields[y.key] = value_of(y);
  nlohmann::ordered_json line{{"time", x.time},
                              {"level", x.level},
                              {"component", x.component},
                              {"event", parts.event},
                              {"fields", std::move(fields)}};
  return line.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + '\n';
}

std::string as_text(const record& x) {
  std::string line;
  for (auto part : {x.time, x.level, x.component, x.text}) {
    line += part;
    line += ' ';
  }
  // even without `quoted`, a peer must not be able to forge a line
  std::replace(line.begin(), line.end(), '\n', ' ');
  line.back() = '\n';
  return line;
}

/// As syslog numbers them.
char priority_of(std::string_view level) {
  if (level == "critical")
    return '2';
  if (level == "error")
    return '3';
  if (level == "warning")
    return '4';
  return level == "info" ? '6' : '7';
}

/// The journal takes letters of one case, digits and underscores, at most 64.
std::string journal_name(std::string_view key) {
  constexpr size_t longest = 64;
  std::string result = "CAFBUS_";
  for (auto c : key.substr(0, longest - result.size())) {
    if (c >= 'a' && c <= 'z')
      result += static_cast<char>(c - 'a' + 'A');
    else
      result += (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ? c : '_';
  }
  return result;
}

} // namespace

event_fields take_apart(std::string_view text) {
  event_fields result{next_word(text), {}};
  while (!text.empty()) {
    auto end = end_of_key(text.substr(0, text.find(' ')));
    if (end == npos) {
      auto word = std::string{next_word(text)};
      if (result.fields.empty())
        result.fields.push_back({"text", word, true});
      else
        result.fields.back().value += ' ' + word;
      continue;
    }
    auto key = std::string{text.substr(0, end)};
    text.remove_prefix(end + 1);
    auto in_quotes = text.starts_with('"');
    result.fields.push_back({std::move(key), in_quotes ? read_quoted(text) : std::string{next_word(text)}, in_quotes});
  }
  return result;
}

std::string to_line(const record& x, format how) {
  return how == format::json ? as_json(x) : as_text(x);
}

std::vector<std::string> to_journal(const record& x, std::string_view app) {
  auto parts = take_apart(x.text);
  std::vector<std::string> result{"MESSAGE=" + std::string{x.text},
                                  std::string{"PRIORITY="} + priority_of(x.level),
                                  "SYSLOG_IDENTIFIER=cafbus",
                                  "CAFBUS_APP=" + std::string{app},
                                  "CAFBUS_COMPONENT=" + std::string{x.component},
                                  "CAFBUS_EVENT=" + std::string{parts.event}};
  for (const auto& y : parts.fields)
    if (auto name = journal_name(y.key); name != "CAFBUS_APP" && name != "CAFBUS_EVENT" && name != "CAFBUS_COMPONENT")
      result.push_back(name + '=' + y.value);
  return result;
}

} // namespace cafbus::log
