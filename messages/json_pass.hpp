#pragma once
#include <cstdint>
#include <simdjson.h>
#include <string_view>
#include <vector>

namespace cafbus {

/// One pass over a line that finds out whether it is JSON and where the fields of its object lie. Keeps its memory.
class json_pass {
public:
  struct field {
    std::string_view key;   ///< As it stands between its quotes, escapes and all.
    std::string_view value; ///< As it stands, without the white space around it.
  };

  /// @param text Followed by at least 64 readable bytes; `fields` points into it.
  /// @returns whether it is certainly one JSON value in valid UTF-8 that is nested at most so deep. If not, `is_json`
  /// has the last word: there may have been no memory for the pass.
  bool matches(std::string_view text, size_t max_depth);

  /// Of the text that has matched last, if that is an object.
  const std::vector<field>& fields() const noexcept { return fields_; }

  /// Whether there is a backslash anywhere in it: without one, no key and no string is written but as it is.
  bool has_escapes() const noexcept { return has_escapes_; }

  /// Gives back what a long line has taken.
  void trim();

private:
  bool index();
  bool escapes_match();
  bool walk();
  void begin_field(size_t key);
  void end_field(size_t next);
  std::string_view token(size_t i) const noexcept;

  simdjson::dom::parser parser_; // for its first stage alone
  std::vector<char> open_;       // of each open container: is it an object?
  std::vector<field> fields_;
  std::string_view text_;
  const uint32_t* position_ = nullptr; // of brackets, colons, commas, and beginnings of strings and scalars
  size_t size_ = 0;                    // of `position_`
  size_t max_depth_ = 0;
  bool has_escapes_ = false;
};

} // namespace cafbus
