#pragma once

namespace cafbus {

/// The program's version, e.g. "0.1.0".
const char* version();

} // namespace cafbus
