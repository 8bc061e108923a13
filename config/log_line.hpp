#pragma once
#include "config/log_choices.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What a line of the log says, and how it is written.
namespace cafbus::log {

/// One line, before it has a format. `text` is `event key=value ...`.
struct record {
  std::string_view time; ///< RFC 3339 with milliseconds and zone.
  std::string_view level;
  std::string_view component;
  std::string_view text;
};

struct field {
  std::string key;
  std::string value;
  bool was_quoted = false; ///< Text, whatever it looks like.
  bool operator==(const field&) const = default;
};

struct event_fields {
  std::string_view event;
  std::vector<field> fields;
};

/// Takes `event key=value key="text"` apart; text in quotes is what it was before `quoted`. Words that belong to no key
/// are a part of the value before them.
event_fields take_apart(std::string_view text);

/// A line with its '\n', and no other.
std::string to_line(const record& x, format how);

/// The fields of a journal entry, each `NAME=value`: MESSAGE, PRIORITY, SYSLOG_IDENTIFIER, CAFBUS_APP,
/// CAFBUS_COMPONENT, CAFBUS_EVENT, and one for each key: `CAFBUS_HALF_OPEN=3`.
std::vector<std::string> to_journal(const record& x, std::string_view app);

} // namespace cafbus::log
