#include "gateway/gateway.hpp"

#include "config/quoted.hpp"
#include "gateway/github.hpp"
#include "gateway/limits.hpp"
#include "gateway/publish_body.hpp"
#include "io/client/publish_lines.hpp"
#include "messages/frame_codec.hpp"
#include "messages/json_text.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace cafbus::http {

namespace {

/// "'sha256-...'" of what stands between two tags of the page: nothing else may run in it.
std::string hash_of(std::string_view page, std::string_view from, std::string_view to) {
  auto first = page.find(from) + from.size();
  auto text = page.substr(first, page.find(to, first) - first);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> encoded{};
  auto n = EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(size));
  return "'sha256-" + std::string{reinterpret_cast<const char*>(encoded.data()), static_cast<size_t>(n)} + '\'';
}

std::string policy_of(std::string_view page) {
  return "default-src 'none'; connect-src 'self'; img-src data:; script-src " + hash_of(page, "<script>", "</script>") +
         "; style-src " + hash_of(page, "<style>", "</style>") +
         "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}

int status_of(failure_kind kind) {
  return kind == failure_kind::timed_out ? 504 : 503;
}

answer bus_failure(const failure& why) {
  auto text = why.kind == failure_kind::not_found ? "no bus is running; start one with `cafbus start`" : why.text;
  return refuse(status_of(why.kind), why.kind == failure_kind::not_found ? "not_running" : to_string(why.kind), text);
}

} // namespace

gateway::gateway(boost::asio::io_context& loop, const gateway_options& options, gateway_log::writer log_to)
  : log(options.level, std::move(log_to)), options_(options), port_(loop, options), feeds_(loop, port_, counters, log),
    page_policy_(policy_of(page_text())) {}

void gateway::serve(const request& x, answered done) {
  auto path = x.path();
  if (path == "/")
    return serve_page(done);
  if (path == "/status")
    return serve_status(x, std::move(done));
  if (path == "/metrics")
    return serve_metrics(std::move(done));
  if (path == "/publish")
    return publish(x, std::move(done));
  if (path == "/hooks/github")
    return take_webhook(x, std::move(done));
  done({200, "text/plain; charset=utf-8", "ok\n", {}}); // of this process; whether the bus is well, /status says
}

void gateway::serve_page(const answered& done) const {
  done({200,
        "text/html; charset=utf-8",
        std::string{page_text()},
        {{"Content-Security-Policy", page_policy_}, {"X-Frame-Options", "DENY"}}});
}

std::string gateway::own_status() const {
  std::string text;
  add_number(text, "connections", counters.connections);
  add_number(text, "streams", counters.streams);
  add_number(text, "feeds", counters.feeds);
  add_number(text, "replays", counters.replays);
  add_number(text, "stream_events", counters.stream_events);
  add_number(text, "stream_dropped", counters.stream_dropped);
  return text + '}';
}

/// The page asks for 200 always: a browser would take another status for an error, and complain of a bus that is idle.
void gateway::serve_status(const request& x, answered done) {
  auto always = parameter(x.target, "always");
  if (always && *always != "200")
    return done(refuse(400, "bad_query", "always is 200, or absent"));
  port_.ask_status([this, always = always.has_value(), done = std::move(done)](const result<std::string>& line) {
    if (!line) {
      auto failed = bus_failure(line.error());
      failed.status = always ? 200 : failed.status;
      return done(std::move(failed));
    }
    done({200, "application/json", line->substr(0, line->rfind('}')) + ",\"gateway\":" + own_status() + "}\n", {}});
  });
}

void gateway::serve_metrics(answered done) {
  port_.ask_status([this, done = std::move(done)](const result<std::string>& line) {
    std::optional<status_response> bus;
    if (line)
      if (auto decoded = decode(*line); auto* known = std::get_if<frame>(&decoded))
        if (auto* status = std::get_if<status_response>(known))
          bus = std::move(*status);
    done({200,
          "text/plain; version=0.0.4; charset=utf-8",
          exposition(options_.app, bus ? &*bus : nullptr, counters),
          {}});
  });
}

/// An answer of 422 tells that lines were no events; the others count all the same.
void gateway::publish(const request& x, answered done) {
  auto type = parameter(x.target, "type");
  if (auto wrong = type ? publish_lines{*type}.type_error() : std::string{}; !wrong.empty() || (type && type->empty()))
    return done(refuse(400, "bad_type", type->empty() ? "the type is empty" : wrong));
  auto body = std::make_shared<publish_body>(x.body, type.value_or(""));
  auto report = [](const publish_ack& totals, const publish_body& lines) {
    auto status = totals.rejected + lines.rejected() == 0 ? 200 : 422;
    return answer{status, "application/json", publish_report(totals, lines), {}};
  };
  if (body->frame().empty())
    return done(report({}, *body));
  port_.publish(body, [this, report, body, done = std::move(done)](const auto& totals) {
    if (!totals)
      return done(bus_failure(totals.error()));
    counters.published += totals->accepted;
    done(report(*totals, *body));
  });
}

void gateway::take_webhook(const request& x, answered done) {
  if (!options_.github_secret.empty() && !is_signed(x.body, x.header("x-hub-signature-256"), options_.github_secret))
    return done(refuse(401, "bad_signature", "X-Hub-Signature-256 does not match the body and the secret"));
  auto event = to_event(x.header("x-github-event"), x.header("x-github-delivery"), x.body);
  if (!event)
    return done(refuse(400, "bad_webhook", event.error().text));
  auto body = std::make_shared<publish_body>(event->line, "");
  if (body->frame().empty())
    return done({422, "application/json", publish_report({}, *body), {}});
  port_.publish(std::move(body), [this, type = event->type, done = std::move(done)](const auto& totals) {
    if (!totals)
      return done(bus_failure(totals.error()));
    counters.published += totals->accepted;
    auto text = std::string{R"({"result":)"} + (totals->duplicates != 0 ? "\"duplicate\"" : "\"accepted\"") +
                R"(,"event_type":)";
    append_quoted(text, type);
    done({totals->duplicates != 0 ? 200 : 202, "application/json", text + "}\n", {}});
  });
}

std::optional<answer> gateway::join(const request& x,
                                    const std::function<std::shared_ptr<stream>(uint32_t rate)>& make) {
  auto wanted = parse_types(parameter(x.target, "types").value_or(""));
  if (!wanted)
    return refuse(400, "bad_types", wanted.error().text);
  auto asked = parameter(x.target, "rate");
  auto rate = asked ? parse_rate(*asked, limits::max_rate) : result<uint32_t>{0u};
  if (!rate)
    return refuse(400, "bad_rate", rate.error().text);
  auto from = parse_start(x);
  if (!from)
    return refuse(400, "bad_start", from.error().text);
  if (counters.streams >= limits::max_streams)
    return refuse(503, "too_many_streams", "too many event streams");
  if (auto joined = feeds_.join(*wanted, *from, make(*rate)); !joined)
    return refuse(503, "too_many_streams", joined.error().text);
  return std::nullopt;
}

bool gateway::make_room() {
  if (strangers.empty())
    return false;
  strangers.front()->close();
  return true;
}

bool gateway::make_room_for_body() {
  auto found = std::ranges::find_if(strangers, [](const auto* x) { return x->is_sending_body(); });
  if (found == strangers.end())
    return false;
  (*found)->close();
  return true;
}

void gateway::note(const request& x, const answer& how, std::string_view peer) {
  if (how.status < 400 || how.code.empty())
    return;
  const auto* event = how.status < 500 ? "request-refused" : "request-failed";
  log.write_limited(log_level::warning, how.code,
                    std::string{event} + " code=" + how.code + " status=" + std::to_string(how.status) +
                        " path=" + log::quoted(x.path(), 64) + " peer=" + log::quoted(peer),
                    std::chrono::steady_clock::now());
}

void gateway::leave(const std::shared_ptr<stream>& reader) {
  feeds_.leave(reader);
}

} // namespace cafbus::http
