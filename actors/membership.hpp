#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace cafbus {

/// Who is in under each subscription id, and who holds its cleanup lock: the coordinator without its messages and
/// timers.
///
/// Invariant: an id has an entry iff somebody is in; the holder of a lock is in.
class membership {
public:
  using member_id = uint64_t;

  bool locked(const std::string& id) const;

  /// How many are in.
  size_t count(const std::string& id) const;

  /// @pre not `locked(id)`
  /// @returns whether nobody else is in. Repeating it changes nothing and returns what it did at first.
  bool enter(const std::string& id, member_id who);

  struct leaving {
    bool was_in = false;
    bool last = false;     ///< Was in, and nobody is in now.
    bool unlocked = false; ///< The lock was its own and is free now.
  };
  /// No-op for one who is not in.
  leaving leave(const std::string& id, member_id who);

  /// Takes the lock if `who` is the only one in and nobody holds it.
  bool try_lock(const std::string& id, member_id who);

  /// @returns whether `who` held the lock, which is free now.
  bool unlock(const std::string& id, member_id who);

  /// Frees the lock whoever holds it.
  void force_unlock(const std::string& id);

  /// Ids under which `who` is in.
  std::vector<std::string> ids_of(member_id who) const;

  size_t ids() const noexcept { return entries_.size(); }

private:
  struct entry {
    std::vector<std::pair<member_id, bool>> members; // with: was first
    std::optional<member_id> holder;
  };
  std::unordered_map<std::string, entry> entries_;
  std::unordered_map<member_id, std::vector<std::string>> ids_of_;
};

} // namespace cafbus
