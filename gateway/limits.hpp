#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>

/// What a peer can make the gateway hold, and for how long.
namespace cafbus::http::limits {

using namespace std::chrono_literals;

/// Connections at once, if the process may have twice as many descriptors; and how many of them may be event streams.
inline constexpr size_t max_connections = 1'280;
inline constexpr size_t max_streams = 1'024;
/// Connections to the bus that serve those streams: one per distinct set of types.
inline constexpr size_t max_feeds = 64;
/// Further connections for streams that begin in the past, each until its stream has caught up.
inline constexpr size_t max_replays = 64;
/// Types of one stream, and bytes of a request's header.
inline constexpr size_t max_types = 256;
inline constexpr uint32_t max_header_bytes = 16 * 1'024;
/// Bytes of a request's body: a frame's worth, and several lines for /publish. How many bodies are held at once, until
/// the bus has answered for them.
inline constexpr size_t max_body_bytes = 1'048'576;
inline constexpr size_t max_bodies = 64;
/// Bytes of a request's events that wait for the bus to take them; the others are still lines of the body.
inline constexpr size_t publish_ahead = 256 * 1'024;
/// Time for a header to be complete, also the time that a connection may be silent between two requests.
inline constexpr auto header_time = 10s;
/// Time for a body to be complete, for an answer to be taken, and for the bus to answer.
inline constexpr auto body_time = 20s;
inline constexpr auto answer_time = 20s;
inline constexpr auto bus_time = 10s;
/// Time for the bus to accept a connection, and to take a frame of a few bytes. Meanwhile no request is served; a bus
/// that is alive does both at once.
inline constexpr auto connect_time = 20ms;
inline constexpr auto send_time = 100ms;
/// Events and bytes that wait for one stream before its oldest are dropped. Streams share the events.
inline constexpr size_t stream_events = 1'024;
inline constexpr size_t stream_bytes = 4 * 1'048'576;
/// Time without any progress before a stream ends.
inline constexpr auto stream_stall = 300s;
/// Bytes of one write to a stream, and of its socket's send buffer.
inline constexpr size_t write_bytes = 64 * 1'024;
inline constexpr int send_buffer_bytes = 128 * 1'024;
/// Between two looks at all streams; every so many of them, silent streams get a comment: below what proxies wait.
inline constexpr auto sweep_time = 1s;
inline constexpr unsigned sweeps_per_beat = 10;
/// Between two attempts to reach a bus that has gone.
inline constexpr auto retry = 1s;
/// Events per second that a stream may ask to be sampled at.
inline constexpr uint32_t max_rate = 10'000;
/// Bytes of what a command that starts a bus says.
inline constexpr size_t max_said_bytes = 4'096;
/// Rejected lines that an answer of /publish describes; all are counted.
inline constexpr size_t lines_told = 20;

} // namespace cafbus::http::limits
