#pragma once
#include "base/result.hpp"
#include "cli/consume_flags.hpp"
#include "messages/frames.hpp"

namespace cafbus {

/// With whom a consumer shares its events. @pre what else its flags ask for is in `x`
result<void> read_group(const consume_flags& flags, hello& x);

} // namespace cafbus
