#include "gateway/request.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus::http;

namespace {

using headers = std::map<std::string, std::string>;

const std::string token = "0123456789abcdef";

request ask(std::string method, std::string target, headers more = {}) {
  request x{std::move(method), std::move(target), std::move(more), {}, false};
  x.headers.emplace("host", "localhost:8470");
  return x;
}

gateway_options with_token() {
  gateway_options x;
  x.token = token;
  return x;
}

/// 0: it may be served.
int status(const request& x, const gateway_options& options = {}) {
  auto refused = refusal(x, options);
  return refused ? refused->status : 0;
}

} // namespace

CAF_TEST(routes and methods are told) {
  CAF_CHECK_EQUAL(status(ask("GET", "/events?types=a")), 0);
  CAF_CHECK_EQUAL(status(ask("GET", "/nothing")), 404);
  CAF_CHECK_EQUAL(status(ask("GET", "/events/")), 404);
  CAF_CHECK_EQUAL(status(ask("POST", "/status")), 405);
  auto refused = refusal(ask("GET", "/publish"), {});
  CAF_CHECK(refused && refused->headers == decltype(refused->headers){{"Allow", "POST"}});
}

CAF_TEST(only reading and publishing show a right) {
  for (auto path : {"/events", "/status", "/metrics", "/publish"})
    CAF_CHECK(needs_right(path));
  for (auto path : {"/", "/healthz", "/hooks/github", "/nothing", ""})
    CAF_CHECK(!needs_right(path));
}

CAF_TEST(a host that was rebound to us is refused) {
  for (auto host : {"localhost", "LOCALHOST:1", "127.0.0.1:8470", "[::1]:8470", "192.0.2.1"})
    CAF_CHECK_EQUAL(status(ask("GET", "/status", {{"host", host}})), 0);
  for (auto host : {"", "evil.example", "localhost.evil.example:8470", "127.0.0.1.evil.example", "[::1", "1.2.3.4.5"})
    CAF_CHECK_EQUAL(status(ask("GET", "/", {{"host", host}})), 421);
  gateway_options options;
  options.allow_hosts = {"bus.example"};
  CAF_CHECK_EQUAL(status(ask("GET", "/status", {{"host", "Bus.Example:443"}}), options), 0);
}

CAF_TEST(pages of other sites are refused) {
  CAF_CHECK_EQUAL(status(ask("GET", "/status", {{"origin", "http://localhost:8470"}})), 0);
  CAF_CHECK_EQUAL(status(ask("GET", "/status", {{"origin", "https://localhost:8470"}})), 0);
  for (auto origin : {"http://evil.example", "null", "http://localhost", "http://localhost:8471"})
    CAF_CHECK_EQUAL(status(ask("GET", "/status", {{"origin", origin}}), with_token()), 403);
  CAF_CHECK_EQUAL(status(ask("GET", "/events", {{"sec-fetch-site", "same-origin"}})), 0);
  CAF_CHECK_EQUAL(status(ask("GET", "/events", {{"sec-fetch-site", "cross-site"}})), 403);
  CAF_CHECK_EQUAL(status(ask("GET", "/events", {{"sec-fetch-site", "same-site"}})), 403);
}

CAF_TEST(a page publishes only with a token) {
  headers page{{"origin", "http://localhost:8470"}};
  CAF_CHECK_EQUAL(status(ask("POST", "/publish")), 0);
  CAF_CHECK_EQUAL(status(ask("POST", "/publish", page)), 403);
  CAF_CHECK_EQUAL(status(ask("POST", "/publish", page), with_token()), 401);
  page["authorization"] = "Bearer " + token;
  CAF_CHECK_EQUAL(status(ask("POST", "/publish", page), with_token()), 0);
}

CAF_TEST(where there is a token everybody brings it) {
  for (auto target : {"/events", "/status", "/metrics"})
    CAF_CHECK_EQUAL(status(ask("GET", target), with_token()), 401);
  for (const auto& given : {"bearer " + token, "Bearer " + token})
    CAF_CHECK_EQUAL(status(ask("GET", "/status", {{"authorization", given}}), with_token()), 0);
  for (const auto& given :
       {token, "Basic " + token, "Bearer " + token + "x", std::string{"Bearer "}, std::string{"Bearer"}})
    CAF_CHECK_EQUAL(status(ask("GET", "/status", {{"authorization", given}}), with_token()), 401);
  CAF_CHECK_EQUAL(status(ask("GET", "/"), with_token()), 0); // tells nothing
  CAF_CHECK_EQUAL(status(ask("GET", "/healthz"), with_token()), 0);
}

CAF_TEST(another user of this machine needs a token) {
  auto x = ask("GET", "/status");
  x.from_other_user = true;
  CAF_CHECK_EQUAL(status(x), 403);
  CAF_CHECK_EQUAL(status(x, with_token()), 401);
  x.headers["authorization"] = "Bearer " + token;
  CAF_CHECK_EQUAL(status(x, with_token()), 0);
  x.target = "/healthz";
  CAF_CHECK_EQUAL(status(x), 0);
}

CAF_TEST(a webhook needs its signature or the same as what is published) {
  auto hook = ask("POST", "/hooks/github", {{"host", "tunnel.example"}});
  CAF_CHECK_EQUAL(status(hook), 403);
  gateway_options signing = with_token();
  signing.github_secret = token;
  CAF_CHECK_EQUAL(status(hook, signing), 0);
  gateway_options unsigned_too;
  unsigned_too.github_unsigned = true;
  CAF_CHECK_EQUAL(status(hook, unsigned_too), 421);
  CAF_CHECK_EQUAL(status(ask("POST", "/hooks/github"), unsigned_too), 0);
  CAF_CHECK_EQUAL(status(ask("POST", "/hooks/github", {{"origin", "http://evil.example"}}), unsigned_too), 403);
}

CAF_TEST(a parameter is found and decoded) {
  CAF_CHECK_EQUAL(parameter("/x?a=1&b=%3e+%C3%A9&a=2", "b").value_or("none"), "> \xc3\xa9");
  CAF_CHECK_EQUAL(parameter("/x?a=1&a=2", "a").value_or("none"), "1");
  CAF_CHECK_EQUAL(parameter("/x?a", "a").value_or("none"), "");
  CAF_CHECK_EQUAL(parameter("/x?a=%zz%4", "a").value_or("none"), "%zz%4");
  CAF_CHECK_EQUAL(parameter("/x?a=%41", "a").value_or("none"), "A");
  CAF_CHECK(!parameter("/x", "a"));
  CAF_CHECK(!parameter("/x?b=a", "a"));
}

CAF_TEST(a parameter that would have no effect is refused by its name on a route that has some) {
  for (auto [method, target, reason] :
       {std::tuple{"GET", "/events?types=x&lats=1", "lats\\\"; there are: types rate last since"},
        {"POST", "/publish?typ=x", "typ\\\"; there are: type\""},
        {"GET", "/status?a%6Cways2=1", "always2\\\"; there are: always"},
        {"GET", "/events?types=x&types=y", "types stands there twice"}}) {
    auto refused = refusal(ask(method, target), {});
    CAF_REQUIRE(refused);
    CAF_CHECK_EQUAL(refused->code, "bad_query");
    CAF_CHECK_EQUAL(refused->status, 400);
    CAF_CHECK(refused->body.find(reason) != std::string::npos);
  }
  for (auto target : {"/events?types=x&rate=1&last=1&since=1&latest=1&cursor=1&last_event_id=1", "/status?always=200",
                      "/status?", "/status?&", "/events?&types=x&", "/events?types=x&lastEventId=1", "/?x",
                      "/metrics?format=json", "/healthz?=1"})
    CAF_CHECK_EQUAL(status(ask("GET", target)), 0);
  CAF_CHECK_EQUAL(status(ask("GET", "/status?x=1"), with_token()), 401);
}

CAF_TEST(types and patterns are told apart and each counts once) {
  auto x = parse_types("b,a.*,a,b,>");
  CAF_REQUIRE(x);
  CAF_CHECK(x->types == std::vector<std::string>({"a", "b"}));
  CAF_CHECK(x->patterns == std::vector<std::string>({">", "a.*"}));
}

CAF_TEST(types that cannot be are refused) {
  std::string many;
  for (int i = 0; i < 300; ++i)
    many += (i == 0 ? "" : ",") + std::to_string(i);
  for (const auto& text :
       {std::string{}, std::string{",,"}, std::string{"a.>.b.*"}, std::string{"a*"}, std::string{"a,,b"},
        std::string{"a, b"}, std::string{"\xff"}, std::string(100'000, 'x'), many})
    CAF_CHECK(!parse_types(text));
}

CAF_TEST(a rate is a number within its bounds) {
  auto most = parse_rate("100", 100);
  CAF_CHECK(most && *most == 100);
  for (auto text : {"", "0", "101", "-1", "1.5", "x", "99999999999", " 1"})
    CAF_CHECK(!parse_rate(text, 100));
}

CAF_TEST(secrets are compared as a whole) {
  CAF_CHECK(same_secret("", ""));
  CAF_CHECK(same_secret("abc", "abc"));
  for (auto other : {"", "ab", "abd", "abcd", "xbc"})
    CAF_CHECK(!same_secret("abc", other));
}

CAF_TEST(a stream begins now unless it names one place in the past) {
  const std::string cursor = "5f0c1a2b3c4d5e6f-2a";
  auto past = [](const std::string& query) {
    auto x = parse_start(ask("GET", "/events?types=a" + query));
    return x && !x->unknown_cursor ? x->past : std::nullopt;
  };
  CAF_CHECK(!past(""));
  CAF_CHECK(past("&last=100") == cafbus::replay_wish{.last = 100});
  CAF_CHECK(past("&since=10m") == cafbus::replay_wish{.since = "10m"});
  CAF_CHECK(past("&since=2026-11-27T11:30:00%2B01:00") == cafbus::replay_wish{.since = "2026-11-27T11:30:00+01:00"});
  CAF_CHECK(past("&latest=1") == cafbus::replay_wish{.latest = true});
  CAF_CHECK(past("&cursor=" + cursor) == cafbus::replay_wish{.cursor = cursor});
}

CAF_TEST(a wrong place in the past is refused with its reason) {
  for (auto [query, reason] : {std::pair{"last=0", "1 or more"},
                               {"last=-1", "1 or more"},
                               {"last=", "1 or more"},
                               {"last=99999999999999999999", "1 or more"},
                               {"since=soon", "soon"},
                               {"since=", "since is empty"},
                               {"latest=0", "latest is 1"},
                               {"cursor=1f-7", "no cursor"},
                               {"cursor=", "cursor is empty"},
                               {"last=1&since=10m", "one of"},
                               {"latest=1&cursor=5f0c1a2b3c4d5e6f-2a", "one of"}}) {
    auto x = parse_start(ask("GET", std::string{"/events?types=a&"} + query));
    CAF_REQUIRE(!x);
    CAF_CHECK(x.error().text.find(reason) != std::string::npos);
  }
}

CAF_TEST(the last event id counts before the query and a wrong one is no refusal) {
  const std::string cursor = "5f0c1a2b3c4d5e6f-2a";
  auto x = parse_start(ask("GET", "/events?types=a&last=10", {{"last-event-id", cursor}}));
  CAF_REQUIRE(x);
  CAF_CHECK(x->past == cafbus::replay_wish{.cursor = cursor});
  auto y = parse_start(ask("GET", "/events?last_event_id=" + cursor, {{"last-event-id", "x"}}));
  CAF_REQUIRE(y);
  CAF_CHECK(y->past == cafbus::replay_wish{.cursor = cursor});
  auto z = parse_start(ask("GET", "/events?last=10", {{"last-event-id", "1f-7"}}));
  CAF_REQUIRE(z);
  CAF_CHECK(z->unknown_cursor && !z->past);
  CAF_CHECK(!parse_start(ask("GET", "/events?last=x", {{"last-event-id", cursor}})));
}
