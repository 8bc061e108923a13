#pragma once
#include "gateway/options.hpp"
#include "messages/frames.hpp"

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Requests and answers as plain values: what the gateway decides about them is decided here, without a socket.
namespace cafbus::http {

struct request {
  std::string method;
  std::string target;                         ///< As it came.
  std::map<std::string, std::string> headers; ///< Names in lower case.
  std::string body;
  bool from_other_user = false; ///< Of this machine; root does not count as another user.

  std::string_view path() const { return std::string_view{target}.substr(0, target.find('?')); }
  /// Empty if it is absent.
  std::string_view header(const std::string& name) const;
};

struct answer {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string code = {}; ///< Of a refusal or failure, as in its body; for the log.
};

/// `{"error":{"code":...,"message":...}}`
answer refuse(int status, std::string_view code, std::string_view message);

/// The value of a query's parameter, decoded; none if it is absent. `refusal` lets none come twice.
std::optional<std::string> parameter(std::string_view target, std::string_view name);

/// The events of a stream: literal names and patterns, each sorted and once.
struct wanted_types {
  std::vector<std::string> types;
  std::vector<std::string> patterns;
  auto operator<=>(const wanted_types&) const = default;
};

/// "a,b.*" as its parts. Fails if there are none or too many, or one is too long, no UTF-8 or a wrong pattern.
result<wanted_types> parse_types(std::string_view text);

/// Where a stream begins.
struct stream_start {
  std::optional<replay_wish> past; ///< None: now.
  bool unknown_cursor = false;     ///< Its Last-Event-ID is no cursor: of another gateway, or of none.
};

/// As `cursor`, `last`, `since` or `latest` of the query say. `Last-Event-ID`, or `last_event_id` in the query, counts
/// before them: a browser that reconnects repeats the address that it began with. Fails for a wrong value of the four;
/// a browser cannot correct its Last-Event-ID, so a wrong one is told in the stream.
result<stream_start> parse_start(const request& x);

/// A whole number from 1 to `most`. Fails for anything else.
result<uint32_t> parse_rate(std::string_view text, uint32_t most);

/// Whether the request may be served at all: by its route and method, its Host (a page whose name was rebound to this
/// address has another one), its Origin (other sites' pages), its token or, without one, its user. Looks at headers
/// and query only, and refuses a parameter that would have no effect. The signature of a webhook is not judged here.
/// @returns the refusal, or nothing.
std::optional<answer> refusal(const request& x, const gateway_options& options);

/// Whether a request for this path that is not refused shows that its sender may read or publish. The page and
/// `/healthz` are for everybody, and a webhook shows it in its body.
bool needs_right(std::string_view path);

/// Compares without telling by its time where the difference is.
bool same_secret(std::string_view a, std::string_view b) noexcept;

} // namespace cafbus::http
