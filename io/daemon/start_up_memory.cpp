#include "io/daemon/start_up_memory.hpp"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace cafbus {

namespace {

/// Lets go of the parts of one library that are as they are in its file. Writable parts are not: they hold changes.
int let_go(dl_phdr_info* library, size_t, void*) {
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (int i = 0; i < library->dlpi_phnum; ++i) {
    const auto& part = library->dlpi_phdr[i];
    if (part.p_type != PT_LOAD || (part.p_flags & PF_W) != 0)
      continue;
    const auto begin = (library->dlpi_addr + part.p_vaddr) & ~(page - 1);
    const auto end = library->dlpi_addr + part.p_vaddr + part.p_memsz;
    ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED); // advice: what fails changes nothing
  }
  return 0;
}

} // namespace

void release_start_up_memory() {
  ::malloc_trim(0);
  ::dl_iterate_phdr(let_go, nullptr);
}

} // namespace cafbus
