#pragma once
#include "base/result.hpp"
#include "cli/consume_flags.hpp"

namespace cafbus {

/// Reads what `--jq` and the flags that go with it ask for into `x`. The program is compiled later.
result<void> read_program(const consume_flags& flags, consume_request& x);

} // namespace cafbus
