#include "cli/jq_flags.hpp"

#include "base/unique_fd.hpp"
#include "base/utf8.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace cafbus {

namespace {

/// Longest program in a file in bytes: a mistaken path must not be read for ever.
constexpr size_t max_program_bytes = 1'024 * 1'024;

failure wrong_flag(const std::string& flag, const std::string& what) {
  return {failure_kind::invalid, flag + ": " + what};
}

result<std::string> read_program_file(const std::string& path) {
  unique_fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)};
  std::string text;
  std::array<char, 16 * 1'024> buffer;
  ssize_t n = fd ? 1 : -1;
  while (n > 0 && text.size() <= max_program_bytes) {
    do
      n = ::read(fd.get(), buffer.data(), buffer.size());
    while (n < 0 && errno == EINTR);
    text.append(buffer.data(), n > 0 ? static_cast<size_t>(n) : 0);
  }
  if (n < 0)
    return errno_failure("cannot read " + path);
  if (text.size() > max_program_bytes)
    return failure{failure_kind::invalid, path + " is longer than " + std::to_string(max_program_bytes) + " bytes"};
  return text;
}

/// What the program is, which is compiled later.
result<jq_options> read_program_text(const consume_flags& flags) {
  jq_options x;
  x.raw = flags.raw_output;
  x.end = flags.null ? '\0' : '\n';
  x.text = flags.jq;
  if (flags.jq_file.empty())
    return x;
  auto text = read_program_file(flags.jq_file);
  if (!text)
    return wrong_flag("--jq-file", text.error().text);
  x.text = without_bom(*text);
  if (auto slash = flags.jq_file.rfind('/'); slash != std::string::npos)
    x.folder = flags.jq_file.substr(0, std::max(slash, size_t{1}));
  return x;
}

} // namespace

result<void> read_program(const consume_flags& flags, consume_request& x) {
  if (!flags.has_program()) {
    for (auto [flag, given] : {std::pair{"--raw-output", flags.raw_output},
                               {"--jq-errors", !flags.jq_errors.empty()},
                               {"--jq-timeout", !flags.jq_timeout.empty()}})
      if (given)
        return failure{failure_kind::invalid, std::string{flag} + " requires --jq"};
    return {};
  }
  if (!has_jq())
    return wrong_flag("--jq",
                      "this cafbus was built without libjq; install libjq-dev and build it again, or use a pipe: "
                      "cafbus consume KEY | jq --unbuffered -c PROGRAM");
  if (!flags.jq.empty() && !flags.jq_file.empty())
    return failure{failure_kind::invalid, "--jq and --jq-file are both programs; leave one out"};
  if (flags.raw_output && !flags.output_dir.empty())
    return failure{failure_kind::invalid,
                   "--raw-output makes text, and the files of --output-dir are JSON; leave one out"};
  static constexpr std::array<std::pair<std::string_view, jq_errors>, 3> policies{
      {{"skip", jq_errors::skip}, {"pass", jq_errors::pass}, {"fail", jq_errors::fail}}};
  const auto* policy =
      std::ranges::find(policies, std::string_view{flags.jq_errors}, &decltype(policies)::value_type::first);
  if (policy == policies.end() && !flags.jq_errors.empty())
    return wrong_flag("--jq-errors", "it is skip, pass or fail");
  if (policy != policies.end())
    x.program_errors = policy->second;
  auto read = read_program_text(flags);
  if (!read)
    return read.error();
  x.program = std::move(*read);
  return {};
}

} // namespace cafbus
