#include "messages/json_pass.hpp"

#include "base/text.hpp"
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
constexpr size_t kept_fields = 1'024; // and so a line with more fields

const char* skip_digits(const char* first, const char* last) {
  while (first != last && json::is_digit(*first))
    ++first;
  return first;
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

/// @pre `text` is not empty
bool is_scalar(std::string_view text) {
  switch (text[0]) {
  case 't':
    return is_literal(text, "true");
  case 'f':
    return is_literal(text, "false");
  case 'n':
    return is_literal(text, "null");
  default:
    return is_number(text);
  }
}

} // namespace

bool json_pass::matches(std::string_view text, size_t max_depth) {
  text_ = text;
  max_depth_ = max_depth;
  if (open_.size() < max_depth)
    open_.resize(max_depth);
  fields_.clear();
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

/// The string, number or word that begins at entry `i`, with the white space behind it cut off.
std::string_view json_pass::token(size_t i) const noexcept {
  const size_t first = position_[i];
  size_t last = i + 1 < size_ ? position_[i + 1] : text_.size();
  while (json::is_space(text_[last - 1]))
    --last;
  return text_.substr(first, last - first);
}

/// All in one function, so that the compiler keeps what it looks at in registers: a payload has hundreds of entries.
bool json_pass::walk() {
  const auto* const text = text_.data();
  const auto* const position = position_;
  const auto size = size_;
  const auto max_depth = max_depth_;
  auto* const open = open_.data();
  size_t i = 0;
  size_t depth = 0;
  bool in_object = false;
  auto take_key = [&] { // up to where its value is due
    if (i + 2 >= size || text[position[i]] != '"' || text[position[i + 1]] != ':')
      return false;
    if (depth == 1)
      begin_field(i);
    i += 2;
    return true;
  };
  for (;;) {
    if (i == size)
      return false;
    const auto c = text[position[i]];
    if (c == '"') { // its end and its bytes are checked already
      ++i;
    } else if (c == '{' || c == '[') {
      if (depth == max_depth)
        return false;
      in_object = c == '{';
      open[depth++] = in_object;
      if (++i == size)
        return false;
      if (text[position[i]] != (in_object ? '}' : ']')) {
        if (in_object && !take_key())
          return false;
        continue;
      }
    } else if (!is_scalar(token(i++))) {
      return false;
    }
    for (;;) { // what follows a value: closing brackets, then a comma
      if (depth == 0)
        return i == size;
      if (i == size)
        return false;
      if (depth == 1 && in_object)
        end_field(i);
      const auto next = text[position[i++]];
      if (next == ',')
        break;
      if (next != (in_object ? '}' : ']'))
        return false;
      in_object = --depth != 0 && open[depth - 1] != 0;
    }
    if (in_object && !take_key())
      return false;
  }
}

/// @param key Its entry; its value is two further.
void json_pass::begin_field(size_t key) {
  const auto text = token(key);
  fields_.push_back({text.substr(1, text.size() - 2), text_.substr(position_[key + 2])});
}

/// @param next The entry behind its value.
void json_pass::end_field(size_t next) {
  if (fields_.empty())
    return; // the object is empty
  auto& value = fields_.back().value;
  value = value.substr(0, position_[next] - static_cast<size_t>(value.data() - text_.data()));
  while (json::is_space(value.back()))
    value.remove_suffix(1);
}

void json_pass::trim() {
  if (parser_.capacity() > kept_index_bytes)
    parser_ = simdjson::dom::parser{};
  if (fields_.capacity() > kept_fields)
    fields_ = std::vector<field>{}; // `= {}` would keep the memory
}

} // namespace cafbus
