#include "gateway/request.hpp"

#include "base/utf8.hpp"
#include "config/defaults.hpp"
#include "config/quoted.hpp"
#include "gateway/limits.hpp"
#include "messages/json_text.hpp"
#include "messages/replay.hpp"
#include "messages/type_pattern.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

// Who may ask what. The gateway serves programs and pages of one person. Four kinds of strangers can reach it:
//   other machines         only if it listens beyond loopback, which needs a token
//   pages of other sites   the browser names the site in Origin or Sec-Fetch-Site
//   other users here       the kernel says whose the other end of a connection is; with a token, who has it may ask
//   a rebound name         evil.example that resolves to 127.0.0.1 is same-origin to the browser; but its Host is wrong
// A webhook comes through tunnels and proxies with any Host, and its signature says more than all of these: it alone
// decides there, and where none is asked for, a webhook is judged as what is published otherwise.

namespace cafbus::http {

namespace {

enum class guard : uint8_t {
  none,   ///< Tells nothing that is secret.
  reads,  ///< Host, Origin, token or user.
  writes, ///< The same; from a browser never without a token.
  signature,
};

struct route {
  std::string_view path;
  std::string_view method;
  guard needs;
  std::array<std::string_view, 8> parameters = {}; ///< Names of its query; the rest is empty.
};

constexpr std::array<route, 7> routes{{
    {"/", "GET", guard::none},
    {"/healthz", "GET", guard::none},
    {"/events",
     "GET",
     guard::reads,
     {"types", "rate", "last", "since", "latest", "cursor", "last_event_id", "lastEventId"}},
    {"/status", "GET", guard::reads, {"always"}},
    {"/metrics", "GET", guard::reads},
    {"/publish", "POST", guard::writes, {"type"}},
    {"/hooks/github", "POST", guard::signature},
}};

const route* route_of(std::string_view path) {
  const auto* found = std::ranges::find(routes, path, &route::path);
  return found == routes.end() ? nullptr : found;
}

std::string lower(std::string_view text) {
  std::string result{text};
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return std::tolower(c); });
  return result;
}

/// "[::1]:80" without its port and brackets.
std::string host_name(std::string_view host) {
  if (host.starts_with('['))
    return host.find(']') == std::string_view::npos ? std::string{} : lower(host.substr(1, host.find(']') - 1));
  return lower(host.substr(0, host.find(':')));
}

/// A name can be rebound to our address, an address cannot.
bool is_our_host(std::string_view host, const gateway_options& options) {
  auto name = host_name(host);
  return name == "localhost" || is_address(name) ||
         std::ranges::find(options.allow_hosts, name) != options.allow_hosts.end();
}

/// Whether a browser says that a page of ours sent it. The scheme may be that of a proxy before us.
bool is_same_origin(const request& x) {
  auto origin = lower(x.header("origin"));
  auto host = lower(x.header("host"));
  return origin == "http://" + host || origin == "https://" + host;
}

bool has_token(const request& x, const gateway_options& options) {
  constexpr std::string_view scheme = "bearer ";
  auto given = x.header("authorization");
  return lower(given.substr(0, scheme.size())) == scheme && same_secret(given.substr(scheme.size()), options.token);
}

bool is_from_browser(const request& x) {
  return !x.header("origin").empty() || !x.header("sec-fetch-site").empty();
}

bool is_foreign(const request& x) {
  auto site = x.header("sec-fetch-site");
  return (!x.header("origin").empty() && !is_same_origin(x)) || site == "cross-site" || site == "same-site";
}

std::optional<answer> refusal_by(guard needs, const request& x, const gateway_options& options) {
  if (!is_our_host(x.header("host"), options))
    return refuse(421, "foreign_host", "this gateway does not serve that host name; see --allow-host");
  if (needs == guard::none)
    return std::nullopt;
  if (is_foreign(x))
    return refuse(403, "foreign_origin", "pages of other sites have no access");
  if (needs == guard::writes && is_from_browser(x) && options.token.empty())
    return refuse(403, "token_needed", "a page may publish only with a token; see --token-file");
  if (options.token.empty() && x.from_other_user)
    return refuse(403, "other_user", "without a token the gateway serves only its own user and root; see --token-file");
  if (options.token.empty() || has_token(x, options))
    return std::nullopt;
  auto result = refuse(401, "unauthorized", "send the header Authorization: Bearer TOKEN");
  result.headers.emplace_back("WWW-Authenticate", "Bearer");
  return result;
}

std::optional<answer> refusal_at(const route& at, const request& x, const gateway_options& options) {
  if (at.needs != guard::signature)
    return refusal_by(at.needs, x, options);
  if (!options.github_secret.empty())
    return std::nullopt;
  if (options.github_unsigned)
    return refusal_by(guard::writes, x, options);
  return refuse(403, "no_secret", "webhooks need `cafbus http --github-secret-file`");
}

int hex(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// A `%` that no two hexadecimal digits follow stands for itself.
std::string percent_decoded(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
      result += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
      i += 2;
    } else {
      result += text[i] == '+' ? ' ' : text[i];
    }
  }
  return result;
}

struct query_part {
  std::string name;
  std::string value;
};

/// Cuts the first part off a query, decoded.
query_part next_part(std::string_view& query) {
  auto end = std::min(query.find('&'), query.size());
  auto part = query.substr(0, end);
  query.remove_prefix(std::min(end + 1, query.size()));
  auto equals = std::min(part.find('='), part.size());
  return {percent_decoded(part.substr(0, equals)), percent_decoded(part.substr(std::min(equals + 1, part.size())))};
}

std::string_view query_of(std::string_view target) {
  auto mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
}

/// What would have no effect: a name that the route does not know, and the second value of one name.
std::optional<answer> wrong_query(std::string_view target, const route& at) {
  std::vector<std::string> seen;
  for (auto query = query_of(target); !query.empty();) {
    auto [name, value] = next_part(query);
    if (name.empty() && value.empty())
      continue;
    if (name.empty() || std::ranges::find(at.parameters, name) == at.parameters.end()) {
      std::string known;
      for (auto x : at.parameters)
        if (!x.empty())
          known += (known.empty() ? "there are: " : " ") + std::string{x};
      return refuse(400, "bad_query",
                    std::string{at.path} + " has no parameter " + log::quoted(name, 64) + "; " + known);
    }
    if (std::ranges::find(seen, name) != seen.end())
      return refuse(400, "bad_query", "the parameter " + name + " stands there twice; name it once");
    seen.push_back(std::move(name));
  }
  return std::nullopt;
}

failure bad_start(std::string why) {
  return {failure_kind::invalid, std::move(why)};
}

/// Takes one parameter of the query, if it is there. @returns how many that are.
result<size_t> take_text(std::string_view target, const char* name, std::string& into) {
  auto value = parameter(target, name);
  if (value && value->empty())
    return bad_start(std::string{name} + " is empty");
  into = value.value_or("");
  return size_t{value.has_value()};
}

result<size_t> take_last(std::string_view target, uint64_t& into) {
  auto value = parameter(target, "last");
  if (!value)
    return size_t{0};
  auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), into);
  if (error != std::errc{} || end != value->data() + value->size() || into == 0)
    return bad_start("last is a number of events, 1 or more");
  return size_t{1};
}

result<size_t> take_latest(std::string_view target, bool& into) {
  auto value = parameter(target, "latest");
  into = value == "1" || value == "true";
  if (value && !into)
    return bad_start("latest is 1, or absent");
  return size_t{value.has_value()};
}

/// What the query alone asks for.
result<std::optional<replay_wish>> read_past(std::string_view target) {
  replay_wish x;
  size_t named = 0;
  for (const auto& taken : {take_text(target, "cursor", x.cursor), take_text(target, "since", x.since),
                            take_last(target, x.last), take_latest(target, x.latest)}) {
    if (!taken)
      return taken.error();
    named += *taken;
  }
  if (named == 0)
    return std::optional<replay_wish>{};
  if (named > 1)
    return bad_start("a stream begins at one of cursor, last, since and latest");
  if (auto good = check_replay(x); !good)
    return good.error();
  return std::optional{std::move(x)};
}

} // namespace

std::string_view request::header(const std::string& name) const {
  auto found = headers.find(name);
  return found == headers.end() ? std::string_view{} : found->second;
}

answer refuse(int status, std::string_view code, std::string_view message) {
  answer x;
  x.status = status;
  x.code = code;
  x.body = R"({"error":{"code":)";
  append_quoted(x.body, code);
  x.body += R"(,"message":)";
  append_quoted(x.body, is_utf8(message) ? message : "it cannot be shown: it is not UTF-8");
  x.body += "}}\n";
  return x;
}

std::optional<std::string> parameter(std::string_view target, std::string_view name) {
  for (auto query = query_of(target); !query.empty();)
    if (auto part = next_part(query); part.name == name)
      return std::move(part.value);
  return std::nullopt;
}

result<wanted_types> parse_types(std::string_view text) {
  auto wrong = [](std::string why) { return failure{failure_kind::invalid, std::move(why)}; };
  wanted_types x;
  if (text.empty())
    return wrong("name the event types: /events?types=a,b.*");
  auto names = split_type_list(text);
  if (!names)
    return names.error();
  for (const auto& name : *names) {
    if (name.size() > defaults::max_name_bytes || !is_utf8(name))
      return wrong("an event type is too long, or not UTF-8");
    if (auto good = check_pattern(name); name.find_first_of("*>") != std::string::npos && !good)
      return good.error();
    (has_wildcard(name) ? x.patterns : x.types).emplace_back(name);
  }
  for (auto* list : {&x.types, &x.patterns}) {
    std::ranges::sort(*list);
    list->erase(std::unique(list->begin(), list->end()), list->end());
  }
  if (x.types.size() + x.patterns.size() > limits::max_types)
    return wrong("a stream may have " + std::to_string(limits::max_types) + " types and patterns");
  return x;
}

result<uint32_t> parse_rate(std::string_view text, uint32_t most) {
  uint32_t x = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), x);
  if (error != std::errc{} || end != text.data() + text.size() || x == 0 || x > most)
    return failure{failure_kind::invalid, "a rate is a number of events per second, from 1 to " + std::to_string(most)};
  return x;
}

result<stream_start> parse_start(const request& x) {
  auto past = read_past(x.target);
  if (!past)
    return past.error();
  auto last_id = parameter(x.target, "last_event_id");
  if (!last_id)
    last_id = parameter(x.target, "lastEventId"); // as programs write it that take the place of a browser's EventSource
  if (!last_id)
    last_id = std::string{x.header("last-event-id")};
  if (last_id->empty())
    return stream_start{std::move(*past)};
  replay_wish behind{.cursor = std::move(*last_id)};
  if (!check_replay(behind))
    return stream_start{std::nullopt, true};
  return stream_start{std::move(behind)};
}

std::optional<answer> refusal(const request& x, const gateway_options& options) {
  auto path = x.path();
  const auto* found = route_of(path);
  if (found == nullptr)
    return refuse(404, "not_found", "there are: / /events /publish /hooks/github /status /metrics /healthz");
  if (found->method != x.method) {
    auto result = refuse(405, "wrong_method", std::string{path} + " takes " + std::string{found->method});
    result.headers.emplace_back("Allow", found->method);
    return result;
  }
  if (auto refused = refusal_at(*found, x, options))
    return refused;
  return found->parameters[0].empty() ? std::nullopt : wrong_query(x.target, *found); // else nothing is misspelt
}

bool needs_right(std::string_view path) {
  const auto* found = route_of(path);
  return found != nullptr && (found->needs == guard::reads || found->needs == guard::writes);
}

bool same_secret(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace cafbus::http
