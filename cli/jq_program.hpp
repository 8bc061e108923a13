#pragma once
#include "base/result.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cafbus {

/// Bytes of all results of one event: a program that makes more has failed.
constexpr size_t max_jq_results_bytes = 16 * 1'024 * 1'024;

/// What a program is, and how its results are to look.
struct jq_options {
  std::string text;
  std::string folder = "."; ///< Where `import` and `include` look first: that of the file, else the current one.
  bool raw = false;         ///< A result that is a string is its text, without quotes and escapes.
  char end = '\n';          ///< What stands after each result: a raw string must not contain it if it is NUL.
  void (*on_out_of_memory)(void*) = nullptr; ///< Called when libjq gets no memory; it must not return.
};

/// What a program made of one event.
struct jq_outcome {
  /// In their order. None without an error: the event is not wanted. Null: the input itself, byte for byte.
  std::vector<std::optional<std::string>> results;
  std::string error; ///< Why the program failed; the results before that are not kept.
};

/// Whether this program was built with libjq.
bool has_jq() noexcept;

/// A compiled program of jq. It runs where it is called, takes as long as it takes, and with some programs libjq ends
/// the whole process: `jq_worker` is for programs of other people.
class jq_program {
public:
  /// Fails with the compiler's first error.
  static result<jq_program> compile(const jq_options& options);
  ~jq_program();
  jq_program(jq_program&&) noexcept;
  jq_program& operator=(jq_program&&) noexcept;

  /// @param json One JSON text.
  jq_outcome run(std::string_view json);

private:
  struct impl;
  explicit jq_program(std::unique_ptr<impl> x);
  std::unique_ptr<impl> impl_;
};

} // namespace cafbus
