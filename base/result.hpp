#pragma once
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

/// The way in which our code reports failures; at the border of an actor it is CAF's `error`.
///
///   result<app_paths> find_app_paths(...);
///
///   auto paths = find_app_paths(...);
///   if (!paths)
///     return paths.error();     // a failure converts to any result
///   use(paths->socket);
namespace cafbus {

/// What a caller can do about a failure. The text is for people.
enum class failure_kind : uint8_t {
  invalid,     ///< The input is wrong; it would fail again.
  not_found,   ///< A file, an address or a name does not exist.
  refused,     ///< The other side, or the owner of a place, says no.
  untrusted,   ///< A place or a process belongs to another user, who could deceive us.
  timed_out,   ///< No answer in time; a later attempt may succeed.
  stopping,    ///< The other side is ending; the text is its reason. A new one may be started.
  closed,      ///< The other side has ended, without a message or after the requested one.
  protocol,    ///< The other side sent what its protocol does not allow.
  unavailable, ///< Used up or taken for now: descriptors, memory, a lock, the room of a bus. Try again later.
  system,      ///< Any other error of a system call; the text has errno's.
};

/// The same spelling in JSON output and in the log.
const char* to_string(failure_kind x) noexcept;

struct failure {
  failure_kind kind = failure_kind::system;
  std::string text = {}; ///< One sentence without a full stop: names the thing, the limit and the way out.
  bool operator==(const failure&) const = default;
};

/// The kind that fits `error`, a value of errno.
failure_kind kind_of_errno(int error) noexcept;

/// "No such file or directory" for a value of errno; the same words whatever the locale.
std::string errno_text(int error);

/// "WHAT: No such file or directory" for a system call that has failed with `error`; the current errno by default.
failure errno_failure(std::string what);
failure errno_failure(std::string what, int error);

/// A value, or why there is none. @pre `operator*`, `operator->`: it holds a value; `error()`: it does not.
template <class T>
class [[nodiscard]] result {
  static_assert(!std::is_same_v<std::remove_cvref_t<T>, failure>);

public:
  template <class U = T>
  requires(std::is_constructible_v<T, U&&> && !std::is_same_v<std::remove_cvref_t<U>, result> &&
           !std::is_same_v<std::remove_cvref_t<U>, failure>) result(U&& value)
    : state_{std::in_place_index<0>, std::forward<U>(value)} {}
  result(failure why) : state_{std::in_place_index<1>, std::move(why)} {}

  explicit operator bool() const noexcept { return state_.index() == 0; }

  T& operator*() & noexcept { return *std::get_if<0>(&state_); }
  const T& operator*() const& noexcept { return *std::get_if<0>(&state_); }
  T&& operator*() && noexcept { return std::move(*std::get_if<0>(&state_)); }
  T* operator->() noexcept { return std::get_if<0>(&state_); }
  const T* operator->() const noexcept { return std::get_if<0>(&state_); }

  const failure& error() const& noexcept { return *std::get_if<1>(&state_); }
  failure&& error() && noexcept { return std::move(*std::get_if<1>(&state_)); }

private:
  std::variant<T, failure> state_;
};

/// Done, or why not.
template <>
class [[nodiscard]] result<void> {
public:
  result() = default;
  result(failure why) : why_{std::in_place_index<1>, std::move(why)} {}

  explicit operator bool() const noexcept { return why_.index() == 0; }
  const failure& error() const& noexcept { return *std::get_if<1>(&why_); }
  failure&& error() && noexcept { return std::move(*std::get_if<1>(&why_)); }

private:
  std::variant<std::monostate, failure> why_;
};

} // namespace cafbus
