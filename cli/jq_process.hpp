#pragma once
#include "cli/jq_program.hpp"

#include <sys/types.h>

namespace cafbus {

/// Memory that the process of a program may have in bytes: the largest payload takes some 20 times its size, and the
/// largest results have room beside it.
constexpr size_t max_jq_memory_bytes = 512 * 1'024 * 1'024;

/// How the process ends when it gets no more memory.
constexpr int jq_out_of_memory = 3;

/// What the process of a `jq_worker` does until the other end of its socket is closed: says what came of compiling, as
/// an outcome, then answers each event with one. It never returns, and gives no buffer or hook of its parent a turn.
/// @param socket Everything else that is open is closed, but standard error.
[[noreturn]] void run_jq_process(jq_options options, int socket, pid_t parent);

} // namespace cafbus
