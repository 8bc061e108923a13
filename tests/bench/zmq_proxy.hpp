#pragma once
#include <string>

namespace cafbus::bench {

/// Of a ZeroMQ proxy: where publishers and consumers connect, in its folder.
inline constexpr const char* zmq_in = "in.sock";
inline constexpr const char* zmq_out = "out.sock";

/// Whether libzmq was there when this program was built.
bool has_zmq();

/// An XSUB and an XPUB socket with `zmq_proxy` between them, as libzmq has it. Nothing bounds what waits, so nothing is
/// lost. Runs until the process is ended.
/// @returns the exit code.
int run_zmq_proxy(const std::string& dir);

} // namespace cafbus::bench
