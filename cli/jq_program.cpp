#include "cli/jq_program.hpp"

#include "base/utf8.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

extern "C" {
#include <jq.h>
}

// A jv is a counted reference: every function of libjq takes over what it is given, unless it was copied before.
//
// The input is held while the program runs. So nothing of it is changed in place, and a result that is the very same
// object is known to be the input: it is passed on as it came, byte for byte, which spares the numbers in it the way
// through a double (jq 1.6 has no other numbers) and us the work of writing it.

namespace cafbus {

namespace {

/// Longest part of an error of jq that is shown.
constexpr size_t max_error_bytes = 300;
/// What a result costs beside its bytes: empty ones are not free.
constexpr size_t result_overhead = 16;

/// @param x Taken over.
std::string take_text(jv x) {
  if (jv_get_kind(x) != JV_KIND_STRING)
    x = jv_dump_string(x, 0);
  std::string text{jv_string_value(x), static_cast<size_t>(jv_string_length_bytes(jv_copy(x)))};
  jv_free(x);
  return text;
}

std::string shortened(std::string text) {
  if (text.size() <= max_error_bytes)
    return text;
  auto end = max_error_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
    --end;
  return text.substr(0, end) + "...";
}

/// "jq: error: X at <top-level>, line 1:\n.the program" without what surrounds X.
std::string first_line(std::string text) {
  for (std::string_view prefix : {"jq: ", "error: "})
    if (text.starts_with(prefix))
      text.erase(0, prefix.size());
  text.resize(std::min(text.find('\n'), text.size()));
  while (text.ends_with(':') || text.ends_with(' '))
    text.pop_back();
  return shortened(std::move(text));
}

/// The first one says what is wrong, those that follow what came of it.
void keep_first_message(void* target, jv message) {
  auto text = take_text(message);
  if (auto& kept = *static_cast<std::string*>(target); kept.empty())
    kept = std::move(text);
}

/// As the program jq does for `debug`.
void print_debug(void*, jv message) {
  auto text = "[\"DEBUG:\"," + take_text(jv_dump_string(message, 0)) + "]\n";
  std::fwrite(text.data(), 1, text.size(), stderr);
}

/// For `input`: an event is all that there is. Without such a function libjq 1.6 calls nothing, which crashes.
jv no_more_inputs(jq_state*, void*) {
  return jv_invalid();
}

/// Below a certain depth libjq writes a remark instead of JSON. It may as well stand in a string.
bool is_cut(const std::string& json) {
  return (json.find("<stripped: ") != std::string::npos || json.find("<skipped: ") != std::string::npos) &&
         !nlohmann::json::accept(json);
}

bool is_container(jv x) {
  return jv_get_kind(x) == JV_KIND_OBJECT || jv_get_kind(x) == JV_KIND_ARRAY;
}

} // namespace

struct jq_program::impl {
  ~impl() {
    if (state != nullptr)
      jq_teardown(&state);
  }

  std::string next_results(jv input, std::vector<std::optional<std::string>>& results);
  std::string why_ended(jv last);

  jq_state* state = nullptr;
  bool raw = false;
  char end = '\n';
};

bool has_jq() noexcept {
  return true;
}

jq_program::jq_program(std::unique_ptr<impl> x) : impl_(std::move(x)) {}
jq_program::~jq_program() = default;
jq_program::jq_program(jq_program&&) noexcept = default;
jq_program& jq_program::operator=(jq_program&&) noexcept = default;

result<jq_program> jq_program::compile(const jq_options& options) {
  if (options.text.find('\0') != std::string::npos || !is_utf8(options.text))
    return failure{failure_kind::invalid, "it is not UTF-8 text, which programs of jq are"};
  auto x = std::make_unique<impl>();
  jv_nomem_handler(options.on_out_of_memory, nullptr); // until jq_start sets that of the state
  x->state = jq_init();
  if (x->state == nullptr)
    return failure{failure_kind::unavailable, "libjq cannot be set up: there is no memory"};
  x->raw = options.raw;
  x->end = options.end;
  jq_set_nomem_handler(x->state, options.on_out_of_memory, nullptr);
  std::string message;
  jq_set_error_cb(x->state, keep_first_message, &message);
  jq_set_debug_cb(x->state, print_debug, nullptr);
  jq_set_input_cb(x->state, no_more_inputs, nullptr);
  jq_set_attr(x->state, jv_string("PROGRAM_ORIGIN"), jv_string(options.folder.c_str()));
  jq_set_attr(x->state, jv_string("JQ_LIBRARY_PATH"), JV_ARRAY_1(jv_string("~/.jq")));
  auto compiled = jq_compile(x->state, options.text.c_str()) != 0;
  jq_set_error_cb(x->state, nullptr, nullptr);
  if (!compiled)
    return failure{failure_kind::invalid, message.empty() ? "jq cannot compile it" : first_line(std::move(message))};
  return jq_program{std::move(x)};
}

jq_outcome jq_program::run(std::string_view json) {
  jq_outcome result;
  auto input = jv_parse_sized(json.data(), static_cast<int>(json.size()));
  if (!jv_is_valid(input)) {
    result.error = "jq cannot read it: " + shortened(take_text(jv_invalid_get_msg(input)));
    return result;
  }
  jq_start(impl_->state, jv_copy(input), 0);
  result.error = impl_->next_results(input, result.results);
  jv_free(input);
  if (!result.error.empty())
    result.results.clear();
  return result;
}

/// @returns why the program failed.
std::string jq_program::impl::next_results(jv input, std::vector<std::optional<std::string>>& results) {
  size_t bytes = 0;
  for (;;) {
    auto x = jq_next(state);
    if (!jv_is_valid(x))
      return why_ended(x);
    if (is_container(x) && jv_identical(jv_copy(x), jv_copy(input))) {
      jv_free(x);
      results.emplace_back();
      bytes += result_overhead;
    } else {
      auto is_raw = raw && jv_get_kind(x) == JV_KIND_STRING;
      results.push_back(take_text(is_raw ? x : jv_dump_string(x, 0)));
      bytes += results.back()->size() + result_overhead;
      if (!is_raw && is_cut(*results.back()))
        return "a result is nested too deep for jq to write it";
      if (is_raw && end == '\0' && results.back()->find('\0') != std::string::npos)
        return "a raw string with a NUL in it cannot be told from two that a NUL separates";
    }
    if (bytes > max_jq_results_bytes)
      return "its results are longer than " + std::to_string(max_jq_results_bytes) + " bytes";
  }
}

/// @param last Taken over. @returns nothing if all results have come.
std::string jq_program::impl::why_ended(jv last) {
  if (jq_halted(state) != 0) {
    jv_free(last);
    auto message = jq_get_error_message(state);
    auto code = jq_get_exit_code(state);
    auto failed = jv_is_valid(message) || (jv_get_kind(code) == JV_KIND_NUMBER && jv_number_value(code) != 0);
    jv_free(code);
    auto text = jv_is_valid(message) ? take_text(message) : (jv_free(message), std::string{});
    return failed ? shortened("it halted: " + text) : std::string{};
  }
  if (jv_invalid_has_msg(jv_copy(last)) == 0) {
    jv_free(last);
    return {};
  }
  auto text = take_text(jv_invalid_get_msg(last));
  return text.empty() ? "error" : shortened(std::move(text));
}

} // namespace cafbus
