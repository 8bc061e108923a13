#include "messages/filter_text.hpp"

#include "base/utf8.hpp"
#include "config/defaults.hpp"
#include "messages/json_grammar.hpp"
#include "messages/json_text.hpp"

#include <algorithm>
#include <charconv>

// One pass from left to right, without recursion: a condition is a pointer, an operator and a value, and `and` stands
// between conditions. There is no `or`: two consumers, or `in`, say the same; and no `<=`, since `<` and `>` with the
// next number do.

namespace cafbus {

namespace {

constexpr size_t shown_at_place = 24;

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

class filter_reader {
public:
  explicit filter_reader(std::string_view text) : text_{text} {}

  result<event_filter> run() {
    if (text_.size() > defaults::max_filter_text_bytes)
      return failure{failure_kind::invalid, "a filter has " + std::to_string(text_.size()) + " bytes, at most " +
                                                std::to_string(defaults::max_filter_text_bytes) + " are possible"};
    if (!is_utf8(text_))
      return failure{failure_kind::invalid, "the filter is not UTF-8"};
    event_filter filter;
    do {
      if (filter.size() == defaults::max_filter_conditions)
        return wrong("a filter has at most " + std::to_string(defaults::max_filter_conditions) + " conditions");
      if (auto read = condition(filter.emplace_back()); !read)
        return read.error();
    } while (word("and"));
    if (!at_end())
      return wrong(next_word() == "or" || next_word() == "||"
                       ? "there is no 'or': use 'in' for several values of a member, or --jq"
                   : next_word() == "&&" ? "write 'and' between conditions"
                                         : "'and' must stand between conditions");
    return filter;
  }

private:
  /// @post `at_` is at the end or at no blank.
  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_]))
      ++at_;
  }

  bool at_end() {
    skip_blanks();
    return at_ == text_.size();
  }

  /// What stands up to the next blank.
  std::string_view next_word() {
    skip_blanks();
    auto end = at_;
    while (end < text_.size() && !is_blank(text_[end]))
      ++end;
    return text_.substr(at_, end - at_);
  }

  bool word(std::string_view expected) {
    if (next_word() != expected)
      return false;
    at_ += expected.size();
    return true;
  }

  failure wrong(const std::string& what) { return wrong(at_, what); }

  failure wrong(size_t at, const std::string& what) const {
    if (at >= text_.size())
      return {failure_kind::invalid, "at its end: " + what};
    auto rest = text_.substr(at);
    auto shown = rest.substr(0, shown_at_place);
    while (shown.size() < rest.size() && (static_cast<unsigned char>(rest[shown.size()]) & 0xc0) == 0x80)
      shown.remove_suffix(1);
    const auto is_start = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
    const auto column = std::count_if(text_.begin(), text_.begin() + static_cast<ptrdiff_t>(at), is_start) + 1;
    return {failure_kind::invalid, "at character " + std::to_string(column) + ", '" + std::string{shown} +
                                       (shown.size() < rest.size() ? "...'" : "'") + ": " + what};
  }

  result<void> condition(filter_condition& x) {
    if (at_end())
      return wrong("a condition is missing, such as /action == \"opened\"");
    const auto begin = at_;
    if (auto read = pointer(x.pointer); !read)
      return read;
    if (auto names = split_pointer(x.pointer); !names)
      return wrong(begin, names.error().text);
    if (auto read = op(x, begin); !read)
      return read;
    if (x.op != to_string(filter_op::exists))
      if (auto read = value(x); !read)
        return read;
    if (auto checked = check_filter({x}); !checked)
      return wrong(begin, without_number(checked.error().text));
    return {};
  }

  static std::string without_number(const std::string& text) {
    const auto colon = text.find(": ");
    return colon == std::string::npos ? text : text.substr(colon + 2);
  }

  result<void> pointer(std::string& to) {
    if (text_[at_] == '"') {
      auto text = json();
      auto value = text.empty() ? std::nullopt : read_filter_value(text);
      const auto* scalar = value ? std::get_if<filter_scalar>(&*value) : nullptr;
      if (!scalar)
        return wrong("the quotes around this pointer are not closed, or what is between them is no JSON string");
      at_ += text.size();
      to = std::get<std::string>(*scalar);
      return {};
    }
    const auto found = next_word();
    if (found[0] == '.')
      return wrong("a pointer begins with '/': for .issue.title write /issue/title");
    if (found[0] != '/')
      return wrong("a pointer to a member of the payload is expected, such as /action");
    to = found;
    at_ += found.size();
    return {};
  }

  result<void> op(filter_condition& x, size_t begin) {
    const auto found = next_word();
    const auto op = from_word<filter_op>(found);
    if (op != filter_op::unknown) {
      x.op = to_string(op);
      at_ += found.size();
      return {};
    }
    if (found.empty() || found == "and")
      return x.pointer.find_first_of("=<>") != std::string::npos
                 ? wrong(begin, "a blank must stand before and after an operator")
                 : wrong("an operator is missing: == != < > in exists");
    if (found == "=" || found == "===")
      return wrong("equality is '=='");
    if (found == "<=" || found == ">=")
      return wrong("there is no '" + std::string{found} + "': use '<' or '>' with the next value");
    return wrong("this is no operator; known are == != < > in exists, with a blank before and after");
  }

  result<void> value(filter_condition& x) {
    if (at_end())
      return wrong("a value is missing after '" + x.op + '\'');
    const auto text = json();
    x.value = text.empty() ? std::nullopt : read_filter_value(text);
    if (x.value) {
      at_ += text.size();
      return {};
    }
    if (text_[at_] == '\'')
      return wrong("strings stand in double quotes, as in JSON");
    if (text_[at_] == '"' || text_[at_] == '[' || text_[at_] == '{')
      return wrong("this is no JSON; strings stand in double quotes, lists in brackets with commas");
    return wrong("a value is JSON: a string in double quotes, a number, true, false, null, or a list with 'in'");
  }

  /// What may be the JSON value that begins here: up to its closing quote or bracket, else up to the next blank.
  /// @returns nothing if it is not closed.
  std::string_view json() const {
    const auto first = text_[at_];
    const auto is_list = first == '[' || first == '{';
    size_t depth = 0;
    bool in_string = false;
    for (auto i = at_; i < text_.size(); ++i) {
      const auto c = text_[i];
      if (in_string && c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = !in_string;
        if (!in_string && depth == 0)
          return text_.substr(at_, i + 1 - at_);
      } else if (!in_string && (c == '[' || c == '{')) {
        ++depth;
      } else if (!in_string && (c == ']' || c == '}') && depth > 0 && --depth == 0) {
        return text_.substr(at_, i + 1 - at_);
      } else if (!in_string && depth == 0 && is_blank(c)) {
        return text_.substr(at_, i - at_);
      }
    }
    return is_list || in_string ? std::string_view{} : text_.substr(at_);
  }

  std::string_view text_;
  size_t at_ = 0;
};

struct scalar_writer {
  std::string& out;

  void operator()(std::monostate) const { out += "null"; }
  void operator()(bool x) const { out += x ? "true" : "false"; }
  void operator()(int64_t x) const { out += std::to_string(x); }
  void operator()(uint64_t x) const { out += std::to_string(x); }
  void operator()(double x) const {
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), x).ptr;
    const std::string_view text{digits.data(), static_cast<size_t>(end - digits.data())};
    out += text;
    if (text.find_first_of(".e") == std::string_view::npos)
      out += ".0"; // it stays no integer
  }
  void operator()(const std::string& x) const { append_quoted(out, x); }
};

void append_value(std::string& out, const filter_value& x) {
  if (const auto* scalar = std::get_if<filter_scalar>(&x)) {
    std::visit(scalar_writer{out}, *scalar);
  } else if (const auto* list = std::get_if<std::vector<filter_scalar>>(&x)) {
    out += '[';
    for (const auto& item : *list) {
      if (&item != &list->front())
        out += ", ";
      std::visit(scalar_writer{out}, item);
    }
    out += ']';
  } else {
    out += "?";
  }
}

} // namespace

result<event_filter> parse_filter(std::string_view text) {
  return filter_reader{text}.run();
}

std::string to_text(const event_filter& filter) {
  std::string result;
  for (const auto& x : filter) {
    if (!result.empty())
      result += " and ";
    const auto is_plain = !x.pointer.empty() && x.pointer[0] == '/' && std::ranges::none_of(x.pointer, is_blank);
    if (is_plain)
      result += x.pointer;
    else
      append_quoted(result, x.pointer);
    result += ' ' + x.op;
    if (x.value) {
      result += ' ';
      append_value(result, *x.value);
    }
  }
  return result;
}

} // namespace cafbus
