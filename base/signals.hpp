#pragma once
#include <csignal>
#include <initializer_list>

namespace cafbus {

/// Those of `wanted` that are not ignored, blocked for this thread and those that it starts from now on, to be taken
/// by signalfd() or sigtimedwait(). One that was ignored when the program was started stays ignored: so `nohup` and
/// a shell's `trap '' INT` mean it.
/// @returns the set, which may be empty.
sigset_t block_signals(std::initializer_list<int> wanted) noexcept;

} // namespace cafbus
