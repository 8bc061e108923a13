#include "io/daemon/journal.hpp"

#include "io/daemon/libsystemd.hpp"
#include "io/sockets/unix_socket.hpp"

#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <cstring>

namespace cafbus {

namespace {

class to_journal_service final : public log::output {
public:
  to_journal_service(std::string app, systemd_calls calls) : app_(std::move(app)), calls_(calls) {}

  result<void> open() override { return {}; }

  void write(const log::record& x) override {
    auto fields = log::to_journal(x, app_);
    std::vector<iovec> parts;
    for (auto& text : fields)
      parts.push_back({text.data(), text.size()});
    calls_.journal_sendv(parts.data(), static_cast<int>(parts.size()));
  }

private:
  std::string app_;
  systemd_calls calls_;
};

/// libsystemd takes entries without a word when there is no journal.
result<void> find_journal(const std::string& socket) {
  unique_fd fd{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof(address.sun_path))
    return failure{failure_kind::invalid, "the path of the journal's socket is too long: " + socket};
  std::memcpy(address.sun_path, socket.data(), socket.size());
  if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return errno_failure("log-to = journal: cannot reach the journal of systemd at " + socket);
  return {};
}

} // namespace

result<std::shared_ptr<log::output>> journal_output(const std::string& app, const std::string& socket) {
  auto calls = load_systemd();
  if (!calls)
    return failure{calls.error().kind, "log-to = journal: " + calls.error().text};
  if (auto found = find_journal(socket); !found)
    return found.error();
  return std::shared_ptr<log::output>{std::make_shared<to_journal_service>(app, *calls)};
}

std::vector<std::string> journal_command(const std::string& app, bool follow, std::optional<uint64_t> lines) {
  std::vector<std::string> result{"journalctl"};
  if (follow)
    result.emplace_back("--follow");
  if (lines)
    result.push_back("--lines=" + std::to_string(*lines));
  result.push_back("CAFBUS_APP=" + app);
  return result;
}

} // namespace cafbus
