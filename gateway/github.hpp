#pragma once
#include "base/result.hpp"
#include "gateway/request.hpp"

#include <string>
#include <string_view>

/// Webhooks of GitHub as events.
namespace cafbus::http {

/// Whether `header`, "sha256=HEX", is the HMAC-SHA256 of the body by the secret. Takes the same time for every
/// signature of the right length.
bool is_signed(std::string_view body, std::string_view header, std::string_view secret);

struct github_event {
  std::string type; ///< `github.<event>.<action>`, or `github.<event>` for a body without an action.
  std::string line; ///< What a producer sends for it.
};

/// @param event, delivery As their headers say. The delivery's id is the event's id, so that one that is sent again is
/// a duplicate; empty: it has none. The payload is the body, but for line breaks between its parts, which become
/// blanks.
result<github_event> to_event(std::string_view event, std::string_view delivery, std::string_view body);

} // namespace cafbus::http
