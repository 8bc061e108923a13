#pragma once
#include "actors/hook_runner.hpp"
#include "messages/actors.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace cafbus {

/// Who is in under each subscription id, who holds its cleanup lock, which hook of it runs and who waits for it: the
/// coordinator without its messages, timers and processes. What is to be done for a call is collected in `to_do`.
///
/// A subscription id is `open` (newcomers are admitted), or lets newcomers wait for one of three reasons. Hooks of an
/// id never overlap and strictly alternate, since it runs one at a time and admits no newcomer meanwhile.
///
/// At most `max_hooks` hooks run at a time; the others wait for their turn, `on_last` first: a newcomer waits for its
/// `on_first` for a limited time and is then refused, but an `on_last` cannot be refused.
///
/// Invariant, per id:
///   open         no waiters
///   setting_up   no members; `newcomer` is the one for whom `on_first` runs, or is to run
///   locked       one member, the holder
///   cleaning_up  no members
/// An id has an entry iff somebody is in, or it is not open. A member id is in `ids_of` iff it is in, wants in, or had
/// its hook started, under each id there.
class subscriptions {
public:
  using member_id = uint64_t;

  enum class phase : uint8_t { open, setting_up, locked, cleaning_up };

  /// A consumer that asks for admission.
  struct newcomer {
    uint64_t ticket = 0; ///< Of the question, for its answer; of the caller's choice.
    member_id member = 0;
    hook_commands hooks;
    bool exclusive = false; ///< It must be the only member.
    int64_t pid = 0;        ///< For the message to those that it keeps out.
    bool gone = false;      ///< INTERNAL: it has ended while its hook was running.
  };

  struct answer {
    uint64_t ticket = 0; ///< Of the newcomer.
    entered how;
  };

  /// A hook that will not be run, since the bus is stopping.
  struct left_out {
    std::string subscription_id;
    hook_kind hook = hook_kind::on_last;
  };

  /// What a call has brought about, in order.
  struct effects {
    std::vector<answer> answers;
    std::vector<hook_run> hooks; ///< To be started; `hook_done` is called when one has ended.
    std::vector<left_out> omitted;
    std::vector<member_id> forgotten; ///< Neither in nor waiting any more.
  };

  /// @param max_hooks At least 1.
  explicit subscriptions(size_t max_hooks) : max_hooks_{max_hooks} {}

  /// What is to be done since the last call of this.
  effects take() { return std::exchange(to_do_, {}); }

  /// Answered at once, or when the id is open.
  void enter(const std::string& id, newcomer x);

  /// The newcomer has waited for long enough: it is refused, unless it is in or its own hook has been started.
  void give_up_waiting(const std::string& id, uint64_t ticket);

  /// @returns whether it was the last member. Does nothing for a stranger.
  bool leave(const std::string& id, member_id who);

  /// It has ended: it leaves, and waits no more, under all ids.
  void gone(member_id who);

  /// Takes the lock if `who` is the only one in and the id is open. @returns the lease's ticket, 0 if it was refused.
  uint64_t try_lock(const std::string& id, member_id who);

  /// Opens the id if it is still locked under that ticket. @returns whether it was.
  bool lease_over(const std::string& id, uint64_t ticket);

  /// @returns which hook it was; nothing if none of that ticket runs.
  std::optional<hook_kind> hook_ended(const hook_done& x);

  /// Starts no more hooks. Running ones continue.
  void start_no_more_hooks();

  /// Neither a hook that runs nor one that waits for its turn.
  bool has_hooks() const noexcept { return running_ > 0 || !set_ups_.empty() || !clean_ups_.empty(); }
  size_t running_hooks() const noexcept { return running_; }
  size_t waiting_hooks() const noexcept { return set_ups_.size() + clean_ups_.size(); }

  void set_max_hooks(size_t x);

  /// Ids with somebody in who has brought an `on_last`.
  std::vector<std::string> waiting_for_on_last() const;

  size_t ids() const noexcept { return entries_.size(); }
  bool knows(member_id who) const { return ids_of_.contains(who); }
  phase phase_of(const std::string& id) const;

private:
  struct member {
    member_id id = 0;
    bool first = false; ///< There was no other member when it came.
    bool exclusive = false;
    int64_t pid = 0;
  };

  struct subscription {
    phase stage = phase::open;
    std::vector<member> members;
    uint64_t ticket = 0; ///< Of the lease or of the hook that runs; 0: none does.
    std::optional<newcomer> setting_up;
    hook_commands last;          ///< Of the latest member with an `on_last`; runs after the last member has left.
    bool left_processes = false; ///< `on_first` has left some that `on_last`, or its turn, ends.
    std::deque<newcomer> waiters;
  };

  void let_in(const std::string& id, subscription& x, newcomer who);
  void admit(const std::string& id, subscription& x, newcomer who);
  void refuse(const std::string& id, const newcomer& who, reject_code code, std::string reason);
  bool keep_out(const std::string& id, const subscription& x, const newcomer& who);
  void after_on_first(const std::string& id, subscription& x, const hook_done& how);
  void remove(const std::string& id, subscription& x, member_id who);
  void clean_up(const std::string& id, subscription& x);
  void begin_hook(const std::string& id, subscription& x, phase what);
  void start_hooks();
  void open(const std::string& id, subscription& x);
  void drop_set_up(const std::string& id, subscription& x);
  std::string busy_text(const std::string& id, const subscription& x) const;
  void involve(const std::string& id, member_id who);
  void release(const std::string& id, member_id who);

  size_t max_hooks_;
  size_t running_ = 0;
  bool no_more_hooks_ = false;
  uint64_t last_ticket_ = 0;
  std::unordered_map<std::string, subscription> entries_;
  std::unordered_map<member_id, std::vector<std::string>> ids_of_; ///< An id as often as it is involved there.
  std::deque<std::string> set_ups_;                                ///< Ids whose hook waits for its turn.
  std::deque<std::string> clean_ups_;
  effects to_do_;
};

} // namespace cafbus
