#pragma once
#include <string>

namespace cafbus {

/// Whether a process listens at `path`, as the kernel says it: asked without connecting, which would start a bus that a
/// socket unit keeps ready. False if the kernel does not tell.
bool has_listener(const std::string& path);

/// Why `fd` is no socket that a bus could take over for `path`, as the end of a sentence: "is no ...". Empty: it is
/// one.
std::string why_no_listener(int fd, const std::string& path);

} // namespace cafbus
