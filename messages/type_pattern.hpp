#pragma once
#include "base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cafbus {

/// A pattern stands for event types by their tokens, which dots separate, as in NATS: `*` is any one token, `>` is one
/// or more tokens and stands last. `github.*.opened` matches `github.issues.opened`; `github.>` matches that and
/// `github.push`, but not `github`. All other characters stand for themselves.

/// Whether one of its tokens is `*`, or its last one is `>`.
bool has_wildcard(std::string_view name) noexcept;

/// Whether it can be used as a pattern: it has a wildcard, and each `*` and `>` is a whole token, a `>` the last one.
/// @returns the reason and the way out if it cannot.
result<void> check_pattern(std::string_view pattern);

/// The names in `A,B`. @returns the reason if one is empty, or has a blank at an end: who writes `A, B` does not mean "
/// B".
result<std::vector<std::string>> split_type_list(std::string_view list);

/// @pre check_pattern(pattern)
/// @returns whether the pattern stands for the type; takes at most one pass over both.
bool matches(std::string_view pattern, std::string_view type) noexcept;

/// Cuts the first token off. @pre !rest_is_over
/// @param rest Loses the token and its dot; a null view once the last token is cut.
std::string_view cut_token(std::string_view& rest) noexcept;

} // namespace cafbus
