#pragma once

namespace cafbus {

/// Exit codes, as `cafbus --help` explains them. A number means the same for every command.
namespace exit_code {
inline constexpr int done = 0;
inline constexpr int failed = 1;
inline constexpr int usage = 2;            ///< Wrong usage, or refused.
inline constexpr int bus_lost = 3;         ///< The bus ended under a consumer that had not asked for it.
inline constexpr int unwritable = 4;       ///< What was to be written could not be.
inline constexpr int lost = 5;             ///< Done, but events did not reach their consumer, and that was asked about.
inline constexpr int skipped_failures = 6; ///< Done, but commands failed that were to be skipped.
} // namespace exit_code

} // namespace cafbus
