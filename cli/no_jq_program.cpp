#include "cli/jq_program.hpp"

// For a build without libjq: there are no programs.

namespace cafbus {

struct jq_program::impl {};

bool has_jq() noexcept {
  return false;
}

jq_program::jq_program(std::unique_ptr<impl> x) : impl_(std::move(x)) {}
jq_program::~jq_program() = default;
jq_program::jq_program(jq_program&&) noexcept = default;
jq_program& jq_program::operator=(jq_program&&) noexcept = default;

result<jq_program> jq_program::compile(const jq_options&) {
  return failure{failure_kind::not_found, "this cafbus was built without libjq"};
}

jq_outcome jq_program::run(std::string_view) {
  return {{}, "this cafbus was built without libjq"};
}

} // namespace cafbus
