#pragma once
#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cafbus {

/// What a template can name of an event.
struct template_fields {
  std::string_view type;
  std::string_view id;
  std::string_view key; ///< Of the subscription.
  std::string_view source_time;
  uint64_t seq = 0;
  std::string_view payload; ///< Or what a program made of the event.
};

/// A text with directives, as of `consume --format '%t %i %p'`.
class output_template {
public:
  /// Fails with what is wrong and what there is.
  static result<output_template> parse(std::string_view text);

  /// Whether `source_time` is needed, which costs another look at the event.
  bool names_source_time() const noexcept;

  /// Names come from others, and may hold what a terminal obeys or what ends a line: their control characters are
  /// written as JSON does, as in \u000a. The payload is taken as it is.
  void append_to(std::string& out, const template_fields& fields) const;

private:
  struct part {
    char directive = 0; ///< 0: `text` as it is.
    std::string text;
  };

  void add_char(char c);

  std::vector<part> parts_;
};

} // namespace cafbus
