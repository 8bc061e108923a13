#pragma once
#include "bench/table.hpp"

#include <string>
#include <vector>

namespace CLI {
class App;
} // namespace CLI

/// The modes of the program. Each adds its command with its options to `app`, and when it is asked for leaves its
/// tables in `out`.
namespace cafbus::bench {

using tables = std::vector<table>;

void add_fanout(CLI::App& app, tables& out);

} // namespace cafbus::bench
