#pragma once

namespace cafbus::test {

/// Lets operator new fail for as long as it is there, in threads that have asked for it.
class failing_memory {
public:
  /// Asks for it, for the calling thread.
  static void may_fail_here();

  /// @param first The allocation that fails first, counted from 1. @param count As many fail, one after the other.
  failing_memory(int first, int count);
  ~failing_memory();
  failing_memory(const failing_memory&) = delete;
  failing_memory& operator=(const failing_memory&) = delete;

  /// Whether an allocation has failed.
  bool has_failed() const;
};

} // namespace cafbus::test
