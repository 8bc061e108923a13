#pragma once
#include <array>
#include <string>

namespace cafbus::test {

/// Three values of an option that differ from its default and from each other, as its own `text` writes them.
struct sample_values {
  std::string option;
  std::array<std::string, 3> values;
};

/// One row for each option; a test fails if one is missing.
inline const std::array samples{
    sample_values{"app", {"one", "two", "three"}},
    sample_values{"dir", {"/tmp/one", "/tmp/two", "/tmp/three"}},
    sample_values{"source", {"exec:one # 1", "exec:\"two\"", "file:/three\\3"}},
    sample_values{"source-retries", {"1", "2", "3"}},
    sample_values{"source-max-silence", {"1s", "2s", "3s"}},
    sample_values{"idle-timeout", {"1s", "never", "3s"}},
    sample_values{"drain", {"1s", "0", "3s"}},
    sample_values{"queue-capacity", {"1", "2", "3"}},
    sample_values{"queue-bytes", {"1MiB", "2MiB", "3MiB"}},
    sample_values{"write-timeout", {"1s", "2s", "3s"}},
    sample_values{"max-queued-bytes", {"1MiB", "2MiB", "3MiB"}},
    sample_values{"history-events", {"1000", "2000", "3000"}},
    sample_values{"history-bytes", {"1MiB", "2MiB", "3MiB"}},
    sample_values{"history-age", {"1h", "2h", "3h"}},
    sample_values{"max-connections", {"1", "2", "3"}},
    sample_values{"max-half-open", {"1", "2", "3"}},
    sample_values{"max-event-types", {"1", "2", "3"}},
    sample_values{"max-key-bytes", {"1", "2", "3"}},
    sample_values{"max-json-depth", {"2", "3", "4"}},
    sample_values{"dedup-capacity", {"1", "0", "3"}},
    sample_values{"dedup-ttl", {"1s", "2s", "3s"}},
    sample_values{"hello-timeout", {"1s", "2s", "3s"}},
    sample_values{"cleanup-wait", {"1s", "2s", "0"}},
    sample_values{"cleanup-lease", {"1s", "2s", "3s"}},
    sample_values{"hook-timeout", {"1s", "2s", "3s"}},
    sample_values{"max-hooks", {"1", "2", "3"}},
    sample_values{"start-sources", {"at-once", "at-once", "at-once"}},
    sample_values{"positions", {"no", "no", "no"}},
    sample_values{"log-lines", {"2", "3", "4"}},
    sample_values{"log-level", {"debug", "warn", "off"}},
    sample_values{"log-to", {"stderr", "journal", "stderr"}},
    sample_values{"log-format", {"json", "json", "json"}},
    sample_values{"link-grace", {"1s", "0", "3s"}},
    sample_values{"node-listen", {"127.0.0.1:1", "[::1]:2", "localhost:3"}},
    sample_values{"node-certificate", {"/a", "/b", "/c"}},
    sample_values{"node-key", {"/a", "/b", "/c"}},
    sample_values{"node-ca", {"/a", "/b", "/c"}},
    sample_values{"node-allow", {"one", "two read=a,b", "* publish=*"}},
    sample_values{"insecure-network", {"yes", "yes", "yes"}},
};

} // namespace cafbus::test
