#pragma once
#include "base/result.hpp"
#include "cli/exit_code.hpp"
#include "config/paths.hpp"

#include <chrono>
#include <string>
#include <string_view>

/// What the commands say to people.
namespace cafbus {

/// `text` with everything escaped that a terminal would obey, or that is no UTF-8: text from a peer may be shown so.
std::string plain(std::string_view text);

/// Prints `[cafbus] text` on standard error; what is not printable in it is escaped.
void say(std::string_view text);

/// Prints `[cafbus] error: text` likewise. @returns `code`, for `return complain(...)`.
int complain(int code, std::string_view text);

/// Names the place of another bus of the same app, after one has been started in `paths`: most likely one of the two is
/// in the wrong place.
void tell_of_others(const app_paths& paths);

/// The message if no bus listens: the missing bus, and how to start it.
std::string not_running_text(const std::string& app_dir, const std::string& socket);

/// Writes all of `text` to a descriptor that blocks. @returns false with errno if that does not work.
bool write_all(int fd, std::string_view text);

/// Prints `text` as it is on standard output. @returns `code`, also if its reader has gone and wants no more; if the
/// text cannot be written it complains and returns `exit_code::unwritable`.
int print(std::string_view text, int code = exit_code::done);

/// Why a file or folder of ours cannot be made: errno's text, or that the folder above it is missing.
failure cannot_make(const std::string& path, int error);

/// Waits this long, or until nobody reads standard output any more. @returns whether somebody may still do so.
bool wait_while_read(std::chrono::nanoseconds time);

/// Whether a descriptor can be written to, or read from. Not so a standard descriptor that was closed when the program
/// was started, see main().
bool is_writable(int fd);
bool is_readable(int fd);

} // namespace cafbus
