#pragma once
#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace cafbus {

/// Both ends of a pipe, close-on-exec.
struct pipe_ends {
  unique_fd read;
  unique_fd write;
};

result<pipe_ends> make_pipe();

/// Makes reads and writes of `fd` return at once.
void set_nonblocking(int fd) noexcept;

} // namespace cafbus
