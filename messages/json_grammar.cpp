#include "messages/json_grammar.hpp"

#include "messages/json_letters.hpp"

#include <simdjson.h>
#include <vector>

// The grammar of RFC 8259 and nothing else: no values are built, so none can be out of range. Written as a loop over
// "a value is due" and "a value is over" with one bit for each open container, since recursion would let a peer choose
// the depth of our stack.

namespace cafbus {

namespace {

class grammar {
public:
  grammar(std::string_view text, size_t max_depth)
    : at_{text.data()}, end_{text.data() + text.size()}, max_depth_{max_depth} {}

  bool matches() {
    for (;;) {
      bool opened = false;
      if (!value(opened))
        return false;
      if (opened)
        continue;
      while (!open_.empty() && closes())
        ;
      if (open_.empty())
        return skip_space() == end_;
      if (!take(',') || (open_.back() && !key()))
        return false;
    }
  }

private:
  const char* skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r'))
      ++at_;
    return at_;
  }

  bool take(char c) {
    if (at_ == end_ || *at_ != c)
      return false;
    ++at_;
    return true;
  }

  /// Takes one value, or the beginning of a container up to where its first value is due.
  bool value(bool& opened) {
    if (skip_space() == end_)
      return false;
    switch (*at_) {
    case '{':
    case '[':
      return container(opened);
    case '"':
      return string();
    case 't':
      return literal("true");
    case 'f':
      return literal("false");
    case 'n':
      return literal("null");
    default:
      return number();
    }
  }

  bool container(bool& opened) {
    if (open_.size() == max_depth_)
      return false;
    const bool object = *at_++ == '{';
    open_.push_back(object);
    skip_space();
    if (at_ != end_ && *at_ == (object ? '}' : ']'))
      return true; // empty; closes() takes the bracket
    opened = true;
    return !object || key();
  }

  bool closes() {
    skip_space();
    if (!take(open_.back() ? '}' : ']'))
      return false;
    open_.pop_back();
    return true;
  }

  bool key() {
    skip_space();
    if (!string())
      return false;
    skip_space();
    return take(':');
  }

  bool string() {
    if (!take('"'))
      return false;
    while (at_ != end_) {
      const auto c = *at_++;
      if (c == '"')
        return true;
      if (static_cast<unsigned char>(c) < 0x20 || (c == '\\' && !escape()))
        return false;
    }
    return false;
  }

  bool escape() {
    if (at_ == end_)
      return false;
    const auto c = *at_++;
    if (c != 'u')
      return std::string_view{"\"\\/bfnrt"}.find(c) != std::string_view::npos;
    if (end_ - at_ < 4)
      return false;
    for (const auto* last = at_ + 4; at_ != last; ++at_)
      if (!json::is_hex(*at_))
        return false;
    return true;
  }

  bool literal(std::string_view word) {
    if (!std::string_view{at_, static_cast<size_t>(end_ - at_)}.starts_with(word))
      return false;
    at_ += word.size();
    return true;
  }

  bool digits() {
    const auto* first = at_;
    while (at_ != end_ && json::is_digit(*at_))
      ++at_;
    return at_ != first;
  }

  bool number() {
    take('-');
    if (!take('0') && !digits())
      return false;
    if (take('.') && !digits())
      return false;
    if (take('e') || take('E')) {
      if (!take('+'))
        take('-');
      return digits();
    }
    return true;
  }

  const char* at_;
  const char* end_;
  size_t max_depth_;
  std::vector<bool> open_; // of each open container: is it an object?
};

} // namespace

bool is_json(std::string_view text, size_t max_depth) {
  return simdjson::validate_utf8(text.data(), text.size()) && grammar{text, max_depth}.matches();
}

} // namespace cafbus
