#include "cli/output_template.hpp"

#include "cli/console.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace cafbus {

namespace {

constexpr std::string_view directives = "tipnsk";
constexpr std::string_view known_directives =
    "there are %t type, %i id, %p payload, %n sequence number, %s source time, %k key, "
    "%% a percent sign, and \\n \\t \\r \\0 \\\\";
/// Character after a backslash, and what the two stand for.
constexpr std::array<std::pair<char, char>, 5> escapes{
    {{'n', '\n'}, {'t', '\t'}, {'r', '\r'}, {'0', '\0'}, {'\\', '\\'}}};

failure unknown(std::string_view what) {
  return {failure_kind::invalid, "it has no " + plain(what) + "; " + std::string{known_directives}};
}

void append_name(std::string& out, std::string_view name) {
  constexpr const char* digits = "0123456789abcdef";
  for (auto c : name) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f)
      out.append("\\u00").append({digits[byte >> 4], digits[byte & 15]});
    else
      out += c;
  }
}

} // namespace

result<output_template> output_template::parse(std::string_view text) {
  output_template x;
  for (size_t i = 0; i < text.size(); ++i) {
    auto c = text[i];
    if (c != '%' && c != '\\') {
      x.add_char(c);
      continue;
    }
    if (++i == text.size())
      return failure{failure_kind::invalid, std::string{"it ends within "} + c + "; " + std::string{known_directives}};
    const auto* escape = std::ranges::find(escapes, text[i], &std::pair<char, char>::first);
    if (c == '\\' && escape != escapes.end())
      x.add_char(escape->second);
    else if (c == '%' && text[i] == '%')
      x.add_char('%');
    else if (c == '%' && directives.find(text[i]) != std::string_view::npos)
      x.parts_.push_back({text[i], {}});
    else
      return unknown(text.substr(i - 1, 2));
  }
  return x;
}

void output_template::add_char(char c) {
  if (parts_.empty() || parts_.back().directive != 0)
    parts_.push_back({});
  parts_.back().text += c;
}

bool output_template::names_source_time() const noexcept {
  return std::ranges::any_of(parts_, [](const part& x) { return x.directive == 's'; });
}

void output_template::append_to(std::string& out, const template_fields& fields) const {
  for (const auto& x : parts_) {
    switch (x.directive) {
    case 't':
      append_name(out, fields.type);
      break;
    case 'i':
      append_name(out, fields.id);
      break;
    case 'k':
      append_name(out, fields.key);
      break;
    case 's':
      append_name(out, fields.source_time);
      break;
    case 'n':
      out += std::to_string(fields.seq);
      break;
    case 'p':
      out += fields.payload;
      break;
    default:
      out += x.text;
    }
  }
}

} // namespace cafbus
