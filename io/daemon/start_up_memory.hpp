#pragma once

namespace cafbus {

/// Releases what only the start of a process and its first seconds have needed: free memory of the heap, and pages of
/// program and libraries, which the kernel brings back from its cache when they are needed again. A daemon that waits
/// for days should not hold the code that read its options.
void release_start_up_memory();

} // namespace cafbus
