#include "base/pipe_ends.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace cafbus {

result<pipe_ends> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return errno_failure("cannot make a pipe");
  return pipe_ends{unique_fd{ends[0]}, unique_fd{ends[1]}};
}

void set_nonblocking(int fd) noexcept {
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

} // namespace cafbus
