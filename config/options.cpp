#include "config/options.hpp"

#include "base/text.hpp"
#include "config/duration.hpp"
#include "config/literal_path.hpp"
#include "config/node_checks.hpp"
#include "config/node_place.hpp"
#include "config/quoted.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>

namespace cafbus {

namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;

/// Years, so that a timer of CAF cannot overflow however it adds.
constexpr nanoseconds longest = 24h * 365;

/// Whether zero is a value of its own, beside a range that begins above it.
enum class zero : uint8_t { refused, none, never };

failure wrong(std::string text) {
  return {failure_kind::invalid, std::move(text)};
}

std::string env_name(std::string_view name) {
  std::string result = "CAFBUS_";
  for (auto c : name)
    result += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return result;
}

option row(std::string name, std::string placeholder, std::string allowed, std::string help) {
  option result;
  result.env = env_name(name);
  result.name = std::move(name);
  result.placeholder = std::move(placeholder);
  result.allowed = std::move(allowed);
  result.help = std::move(help);
  return result;
}

option duration(std::string name, nanoseconds bus_options::*member, nanoseconds least, zero z, std::string help) {
  auto allowed = to_text(least) + " to " + to_text(longest);
  if (z != zero::refused)
    allowed = (z == zero::never ? "never (or 0), or " : "0, or ") + allowed;
  auto made = row(std::move(name), "DURATION", allowed, std::move(help));
  made.set = [=](serve_options& x, std::string_view text) -> result<void> {
    auto parsed = parse_duration(text);
    if (!parsed)
      return parsed.error();
    auto value = *parsed;
    auto is_zero = value == 0ns && z != zero::refused && (z == zero::never || text != "never");
    if (!is_zero && (value < least || value > longest))
      return wrong(log::quoted(text) + " is out of bounds");
    x.bus.*member = value;
    return {};
  };
  made.text = [=](const serve_options& x) {
    auto value = x.bus.*member;
    return value == 0ns && z == zero::never ? "never" : to_text(value);
  };
  return made;
}

using number_parser = result<uint64_t> (*)(std::string_view);
using number_writer = std::string (*)(uint64_t);

std::string count_text(uint64_t x) {
  return std::to_string(x);
}

template <class T>
option number(option made, T bus_options::*member, T least, T most, number_parser parse, number_writer write) {
  made.allowed = write(least) + " to " + write(most);
  made.set = [=](serve_options& x, std::string_view text) -> result<void> {
    auto parsed = parse(text);
    if (!parsed)
      return parsed.error();
    auto value = *parsed;
    if (value < least || value > most)
      return wrong(log::quoted(text) + " is out of bounds");
    x.bus.*member = static_cast<T>(value);
    return {};
  };
  made.text = [=](const serve_options& x) { return write(x.bus.*member); };
  return made;
}

option count(std::string name, uint32_t bus_options::*member, uint32_t least, uint32_t most, std::string help) {
  return number(row(std::move(name), "N", {}, std::move(help)), member, least, most, parse_count, count_text);
}

option size(std::string name, size_t bus_options::*member, size_t least, size_t most, std::string help) {
  return number(row(std::move(name), "BYTES", {}, std::move(help)), member, least, most, parse_size, size_text);
}

option app_option() {
  auto made = row("app", "NAME", "1 to 64 letters, digits, '.', '_' or '-', not starting with '.' or '-'",
                  "Name of the application; each one has its own bus");
  made.every_command = true;
  made.set = [](serve_options& x, std::string_view text) -> result<void> {
    if (!check_app_name(text))
      return wrong(log::quoted(text) + " cannot be the name of an app");
    x.app = x.bus.app = text;
    return {};
  };
  made.text = [](const serve_options& x) { return x.app; };
  return made;
}

option dir_option() {
  auto made = row("dir", "DIR", "a path",
                  "Folder of all apps; if unset: $XDG_RUNTIME_DIR/cafbus, else /run/user/UID/cafbus, else ~/.cafbus");
  made.every_command = true;
  made.set = [](serve_options& x, std::string_view text) -> result<void> {
    if (text.empty() || text.find('\0') != std::string_view::npos)
      return wrong("it must not be empty");
    x.dir = text;
    return {};
  };
  made.text = [](const serve_options& x) { return x.dir; };
  return made;
}

/// One whose values are all kept. @param list Where.
option repeatable(option x, std::function<std::vector<std::string>&(serve_options&)> list) {
  x.repeatable = true;
  x.text = [list](const serve_options& y) {
    auto values = y;
    std::string text;
    for (const auto& value : list(values))
      text += (text.empty() ? "" : "\n") + value;
    return text;
  };
  x.list = std::move(list);
  return x;
}

option source_option() {
  auto made =
      row("source", "SPEC",
          "stdin, file:PATH, exec:COMMAND, exec:every=DURATION:COMMAND, node:[NAME@]HOST:PORT or node:unix:PATH",
          "Source of events; can be repeated");
  made.set = [](serve_options& x, std::string_view text) -> result<void> {
    auto names = [text](std::string_view kind) { return text.starts_with(kind) && text.size() > kind.size(); };
    if ((text != "stdin" && !names("file:") && !names("exec:") && !names("node:")) ||
        text.find('\0') != std::string_view::npos)
      return wrong(log::quoted(text) + " is not a source");
    if (text == "stdin" && std::ranges::count(x.sources, "stdin") != 0)
      return wrong("stdin can be read once only");
    x.sources.emplace_back(text);
    return {};
  };
  return repeatable(std::move(made), [](serve_options& x) -> std::vector<std::string>& { return x.sources; });
}

std::string listed(std::span<const std::string_view> words) {
  std::string result;
  for (size_t i = 0; i < words.size(); ++i)
    result += std::string{i == 0 ? "" : i + 1 < words.size() ? ", " : " or "}.append(words[i]);
  return result;
}

/// One of some words, which outlive the table. @param set Is given the index of the chosen one.
option word(const char* name, const char* placeholder, std::span<const std::string_view> words, const char* help,
            const std::function<void(serve_options&, size_t)>& set,
            std::function<std::string(const serve_options&)> text) {
  auto allowed = listed(words);
  auto made = row(name, placeholder, allowed, help);
  made.set = [=](serve_options& x, std::string_view value) -> result<void> {
    auto found = std::ranges::find(words, value);
    if (found == words.end())
      return wrong(log::quoted(value) + " is not one of: " + allowed);
    set(x, static_cast<size_t>(found - words.begin()));
    return {};
  };
  made.text = std::move(text);
  return made;
}

/// `words[i]` is the enumerator of the value i.
template <class Enum>
option word(const char* name, const char* placeholder, std::span<const std::string_view> words,
            Enum serve_options::*member, const char* help) {
  return word(
      name, placeholder, words, help, [=](serve_options& x, size_t i) { x.*member = static_cast<Enum>(i); },
      [=](const serve_options& x) { return std::string{words[static_cast<size_t>(x.*member)]}; });
}

constexpr std::array<std::string_view, 6> log_levels{"trace", "debug", "info", "warn", "error", "off"};

option log_level_option() {
  return word(
      "log-level", "LEVEL", log_levels, "How much is logged",
      [](serve_options& x, size_t i) { x.log_level = log_levels[i]; },
      [](const serve_options& x) { return x.log_level; });
}

option node_listen_option() {
  auto made = row("node-listen", "PLACE", "HOST:PORT, e.g. 0.0.0.0:4000 or [::1]:4000, or unix:PATH",
                  "Address at which other buses can connect to receive events from this one");
  made.set = [](serve_options& x, std::string_view text) -> result<void> {
    auto place = parse_node_place(text);
    if (!place)
      return place.error();
    if (auto literal = check_literal_path(place->path); !literal)
      return literal.error();
    if (!place->is_unix() && text.find('@') != std::string_view::npos)
      return wrong("only a source has a name before the place");
    x.nodes.listen = text;
    return {};
  };
  made.text = [](const serve_options& x) { return x.nodes.listen; };
  return made;
}

option node_file_option(const char* name, std::string node_options::*member, const char* help) {
  auto made = row(name, "FILE", "a path", help);
  made.set = [member](serve_options& x, std::string_view text) -> result<void> {
    if (text.empty() || text.find('\0') != std::string_view::npos)
      return wrong("it must not be empty");
    x.nodes.*member = text;
    return {};
  };
  made.text = [member](const serve_options& x) { return x.nodes.*member; };
  return made;
}

option node_allow_option() {
  auto made =
      row("node-allow", "PERMIT", "NAME [read=TYPES] [publish=TYPES], TYPES being TYPE,TYPE or *",
          "Bus that may link, by the name in its certificate, and types that it may read and publish; can be repeated");
  made.set = [](serve_options& x, std::string_view text) -> result<void> {
    x.nodes.allow.emplace_back(text);
    auto permits = parse_link_permits(x.nodes.allow);
    return permits ? result<void>{} : std::move(permits).error();
  };
  return repeatable(std::move(made), [](serve_options& x) -> std::vector<std::string>& { return x.nodes.allow; });
}

/// One of two words. @param value Where it is: true is the first word.
option choice(const char* name, const char* yes, const char* no, std::function<bool&(serve_options&)> value,
              const char* help) {
  auto made = row(name, std::string{yes} + '|' + no, std::string{yes} + " or " + no, help);
  made.set = [=](serve_options& x, std::string_view text) -> result<void> {
    if (text != yes && text != no)
      return wrong(log::quoted(text) + " is neither " + yes + " nor " + no);
    value(x) = text == yes;
    return {};
  };
  made.text = [=](const serve_options& x) {
    auto copy = x;
    return value(copy) ? yes : no;
  };
  return made;
}

/// One that can change while a bus runs.
option live(option x) {
  x.reloadable = true;
  return x;
}

std::vector<option> make_table() {
  using o = bus_options;
  constexpr size_t kib = 1'024, gib = 1'024 * 1'024 * 1'024;
  return {
      app_option(),
      dir_option(),
      source_option(),
      count("source-retries", &o::source_retries, 0, 1'000'000,
            "Failures of an exec source in a row, without an event in between, before the bus gives it up"),
      choice(
          "start-sources", "first-consumer", "at-once", [](serve_options& x) -> bool& { return x.sources_wait; },
          "When sources start; events that arrive before the first consumer are lost"),
      choice(
          "positions", "yes", "no", [](serve_options& x) -> bool& { return x.positions; },
          "Whether the next daemon continues to read a file where this one stopped"),
      duration("source-max-silence", &o::source_max_silence, 10ms, zero::never,
               "Time without an event after which status shows a source as stale"),
      live(duration("idle-timeout", &o::idle_timeout, 100ms, zero::never,
                    "Time without a consumer after which the daemon ends")),
      live(duration("drain", &o::drain_timeout, 1ms, zero::none,
                    "Time that consumers get to receive queued events when the bus stops")),
      live(count("queue-capacity", &o::queue_capacity, 1, 16'777'216,
                 "Events queued for one consumer before the oldest is dropped")),
      live(size("queue-bytes", &o::queue_bytes, 64 * kib, 4 * gib,
                "Bytes queued for one consumer before the oldest event is dropped")),
      live(duration(
          "write-timeout", &o::write_timeout, 10ms, zero::refused,
          "Time in which a consumer takes nothing of what is sent to it before the bus disconnects it as stalled")),
      live(size("max-queued-bytes", &o::max_queued_bytes, 1'024 * kib, 1'024 * gib,
                "Bytes queued for all consumers together before the longest queues drop their oldest events")),
      live(count("max-connections", &o::max_connections, 0, defaults::most_connections,
                 "Most consumers and producers at a time; 0: as many as the descriptors allow")),
      live(count("max-half-open", &o::max_half_open, 1, defaults::most_connections,
                 "Connections without a complete first frame before the oldest is closed")),
      live(count("max-event-types", &o::max_event_types, 1, 65'536, "Most event types and patterns per consumer")),
      live(count("max-key-bytes", &o::max_key_bytes, 1, defaults::max_key_bytes,
                 "Longest event key, subscription id or event type of a consumer, in bytes")),
      live(count("history-events", &o::history_events, 0, 16'777'216,
                 "Most past events kept for consumers that ask for them; 0: none")),
      live(size("history-bytes", &o::history_bytes, 0, gib, "Memory for past events; 0: none are kept")),
      live(duration("history-age", &o::history_age, 1ms, zero::never, "Age at which a past event is forgotten")),
      count("max-json-depth", &o::max_json_depth, 2, defaults::max_json_depth, "Deepest nesting of published JSON"),
      count("dedup-capacity", &o::dedup_capacity, 0, 100'000'000,
            "Most event ids remembered to find duplicates; 0: none"),
      live(duration("dedup-ttl", &o::dedup_ttl, 1ms, zero::refused, "How long the bus remembers an event id")),
      live(duration("hello-timeout", &o::hello_timeout, 10ms, zero::refused,
                    "Time within which the first frame of a connection must be complete")),
      live(duration("cleanup-wait", &o::cleanup_wait, 1ms, zero::none,
                    "How long a consumer waits for the cleanup of another one before it is rejected")),
      live(duration("cleanup-lease", &o::cleanup_lease, 10ms, zero::refused,
                    "How long one consumer may hold the cleanup lock")),
      live(duration("hook-timeout", &o::hook_timeout, 10ms, zero::refused,
                    "How long a hook of a consumer may run before the bus ends it")),
      live(
          count("max-hooks", &o::max_hooks, 1, 4'096, "Most hooks of consumers that run at a time; further ones wait")),
      live(log_level_option()),
      word("log-to", "file|stderr|journal", log::place_words, &serve_options::log_to,
           "Where the log goes: bus.log, standard error, or the journal of systemd"),
      word("log-format", "text|json", log::format_words, &serve_options::log_format,
           "How lines are written to bus.log or standard error; json: one object per line"),
      node_listen_option(),
      duration("link-grace", &o::link_grace, 10ms, zero::none,
               "Time that events queued for another bus are kept after its link was lost"),
      node_file_option("node-certificate", &node_options::certificate,
                       "Certificate of this bus for links to other buses, PEM"),
      node_file_option("node-key", &node_options::key, "Private key of that certificate, PEM"),
      node_file_option("node-ca", &node_options::ca, "Authority that signs the certificates of the other buses, PEM"),
      live(node_allow_option()),
      choice(
          "insecure-network", "yes", "no", [](serve_options& x) -> bool& { return x.nodes.insecure; },
          "Whether links may use TCP without TLS, open for anyone to read and write"),
      live(count("log-lines", &o::log_lines, 1, 1'000'000,
                 "Log lines per second and cause; the next line says how many were left out")),
  };
}

} // namespace

std::span<const option> option_table() {
  static const auto table = make_table();
  return table;
}

const option* find_option(std::string_view name) {
  auto table = option_table();
  auto i = std::ranges::find(table, name, &option::name);
  return i == table.end() ? nullptr : &*i;
}

} // namespace cafbus
