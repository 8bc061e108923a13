#pragma once
#include "base/result.hpp"
#include "config/bus_options.hpp"
#include "messages/actor_messages.hpp"

#include <chrono>

namespace cafbus {

/// Whether a hello is acceptable. A failure names the limit and its option.
result<void> check_hello(const hello& x, const bus_options& options);

/// The same for the names of a subscription.
result<void> check_names(const std::vector<std::string>& types, const std::vector<std::string>& patterns,
                         const bus_options& options);

using name_list = std::vector<std::string>;

/// The names of both, each once in what is new, and the names that remain. A frame has room for 100,000 names, and what
/// comes out is checked only then: hence the time is linear.
name_list names_with(const name_list& some, const name_list& more);
name_list names_without(name_list some, const name_list& gone);

/// What a hello asks for, as the bus keeps it. @pre check_hello() holds
consumer_info info_of(const hello& x);

/// How long publishers are to wait, at most `defaults::max_block_time`, so that no number of milliseconds overflows.
std::chrono::nanoseconds block_time_of(uint64_t ms);

} // namespace cafbus
