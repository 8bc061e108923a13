#include "messages/json_pass.hpp"

#include "messages/json_letters.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

// simdjson's first stage finds, by vector instructions, every byte that structure hangs on, and refuses what is not
// UTF-8, a control character in a string, and a string without an end. What is left to check is whether those bytes
// come in an order that RFC 8259 allows, and the inside of numbers, words and escapes. Neither values nor a tape are
// made of a payload that nobody looks into: that was more than half of the cost of a line.
//
// In the index a string or scalar stands as its first byte alone; it ends before the next entry, white space aside,
// since any byte that follows a closing quote begins an entry of its own.

namespace cafbus {

namespace {

/// What a longer line than this has made the index grow to is given back.
constexpr size_t kept_index_bytes = 512 * 1'024;

const char* skip_digits(const char* first, const char* last) {
  return std::find_if_not(first, last, json::is_digit);
}

bool is_number(std::string_view text) {
  const auto* at = text.data();
  const auto* const end = at + text.size();
  if (at != end && *at == '-')
    ++at;
  if (at == end || !json::is_digit(*at))
    return false;
  at = *at == '0' ? at + 1 : skip_digits(at, end);
  if (at != end && *at == '.') {
    const auto* first = ++at;
    at = skip_digits(at, end);
    if (at == first)
      return false;
  }
  if (at != end && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at != end && (*at == '+' || *at == '-'))
      ++at;
    const auto* first = at;
    at = skip_digits(at, end);
    if (at == first)
      return false;
  }
  return at == end;
}

} // namespace

bool json_pass::matches(std::string_view text, size_t max_depth) {
  text_ = text;
  max_depth_ = max_depth;
  if (open_.size() < max_depth)
    open_.resize(max_depth);
  fields_.clear();
  next_ = depth_ = 0;
  return index() && escapes_match() && walk();
}

bool json_pass::index() {
  // the depth is ours to watch; simdjson's own is for its second stage
  const auto has_room = parser_.implementation && text_.size() <= parser_.capacity();
  if (!has_room && parser_.allocate(std::bit_ceil(std::max(text_.size(), size_t{1'024})), 1))
    return false;
  auto& stage = *parser_.implementation;
  const auto* bytes = reinterpret_cast<const uint8_t*>(text_.data());
  if (stage.stage1(bytes, text_.size(), simdjson::stage1_mode::regular))
    return false;
  position_ = stage.structural_indexes.get();
  size_ = stage.n_structural_indexes;
  return true;
}

/// A backslash outside of a string is found to be no scalar later on.
bool json_pass::escapes_match() {
  const auto* at = text_.data();
  const auto* const end = at + text_.size();
  has_escapes_ = false;
  for (;;) {
    at = static_cast<const char*>(std::memchr(at, '\\', static_cast<size_t>(end - at)));
    if (!at)
      return true;
    has_escapes_ = true;
    if (end - at < 2)
      return false;
    switch (at[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      at += 2;
      break;
    case 'u':
      if (end - at < 6 || !std::all_of(at + 2, at + 6, json::is_hex))
        return false;
      at += 6;
      break;
    default:
      return false;
    }
  }
}

/// A string, number or word with the white space behind it cut off.
std::string_view json_pass::token(size_t i) const noexcept {
  const size_t first = position_[i];
  size_t last = i + 1 < size_ ? position_[i + 1] : text_.size();
  while (json::is_space(text_[last - 1]))
    --last;
  return text_.substr(first, last - first);
}

bool json_pass::walk() {
  for (;;) {
    if (next_ == size_)
      return false;
    const auto c = at(next_);
    if (c == '{' || c == '[') {
      if (depth_ == max_depth_)
        return false;
      open_[depth_++] = c == '{';
      ++next_;
      if (next_ == size_)
        return false;
      if (at(next_) != (c == '{' ? '}' : ']')) {
        if (c == '{' && !key())
          return false;
        continue;
      }
    } else if (!scalar()) {
      return false;
    }
    bool done = false;
    if (!after_value(done))
      return false;
    if (done)
      return true;
  }
}

bool json_pass::scalar() {
  const auto c = at(next_);
  if (c == '"') { // its end and its bytes are checked already
    ++next_;
    return true;
  }
  const auto text = token(next_++);
  return is_number(text) || text == "true" || text == "false" || text == "null";
}

/// A key up to where its value is due.
bool json_pass::key() {
  if (next_ + 2 >= size_ || at(next_) != '"' || at(next_ + 1) != ':')
    return false;
  if (depth_ == 1) {
    const auto text = token(next_);
    fields_.push_back({text.substr(1, text.size() - 2), text_.substr(position_[next_ + 2])});
  }
  next_ += 2;
  return true;
}

/// Takes closing brackets, and a comma with the key behind it, up to where a value is due or the text ends.
bool json_pass::after_value(bool& done) {
  for (;;) {
    if (depth_ == 0) {
      done = true;
      return next_ == size_;
    }
    if (next_ == size_)
      return false;
    const auto in_object = open_[depth_ - 1] != 0;
    const auto c = at(next_);
    if (depth_ == 1 && in_object && !fields_.empty()) { // a value of the outermost object ends here
      auto& value = fields_.back().value;
      value = value.substr(0, position_[next_] - static_cast<size_t>(value.data() - text_.data()));
      while (json::is_space(value.back()))
        value.remove_suffix(1);
    }
    ++next_;
    if (c == ',')
      return !in_object || key();
    if (c != (in_object ? '}' : ']'))
      return false;
    --depth_;
  }
}

void json_pass::trim() {
  if (parser_.capacity() > kept_index_bytes)
    parser_ = simdjson::dom::parser{};
}

} // namespace cafbus
