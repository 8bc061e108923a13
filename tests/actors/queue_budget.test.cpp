#include "actors/queue_budget.hpp"

#include "actors/bounded_mailbox.hpp"
#include "support/batches.hpp"

#include <thread>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

constexpr size_t large = 1 << 30;

/// A consumer that is not idle, so that all that comes waits.
struct stuck {
  explicit stuck(std::shared_ptr<queue_budget> budget) : mailbox{{large, large, large, std::move(budget)}} {
    push(numbered_batch(1));
    mailbox.take();
  }

  void push(const event_batch_ptr& batch) { mailbox.push(batch, all_of(batch)); }

  bounded_mailbox mailbox;
};

size_t bytes_of(const event_batch_ptr& batch) {
  return batch->bytes_of(0, batch->size());
}

} // namespace

CAF_TEST(what waits is counted until it is taken or its consumer ends) {
  auto budget = std::make_shared<queue_budget>(large);
  auto batch = numbered_batch(10);
  {
    stuck x{budget};
    stuck y{budget};
    CAF_CHECK_EQUAL(budget->used(), 0u);
    x.push(batch);
    y.push(batch);
    CAF_CHECK_EQUAL(budget->used(), 2 * bytes_of(batch));
    x.mailbox.credited();
    x.mailbox.take();
    CAF_CHECK_EQUAL(budget->used(), bytes_of(batch));
    y.mailbox.close();
    CAF_CHECK_EQUAL(budget->used(), 0u);
    x.push(batch);
  }
  CAF_CHECK_EQUAL(budget->used(), 0u);
}

CAF_TEST(whoever has most waiting drops and whoever has little keeps all) {
  auto batch = numbered_batch(10, 0, "t", 1'000);
  auto budget = std::make_shared<queue_budget>(20 * bytes_of(batch));
  stuck worst{budget};
  stuck bad{budget};
  stuck good{budget};
  good.push(batch);
  for (int i = 0; i < 5; ++i)
    bad.push(batch);
  for (int i = 0; i < 30; ++i)
    worst.push(batch);
  CAF_CHECK_LESS_OR_EQUAL(budget->used(), budget->limit());
  CAF_CHECK_EQUAL(good.mailbox.counters().dropped, 0u);
  CAF_CHECK_EQUAL(bad.mailbox.counters().dropped, 0u);
  CAF_CHECK_GREATER(worst.mailbox.counters().dropped, 0u);
  auto x = worst.mailbox.counters();
  CAF_CHECK_EQUAL(x.received, x.dropped + x.delivered + x.queued);
}

CAF_TEST(those who have the same drop the same) {
  auto batch = numbered_batch(10, 0, "t", 1'000);
  auto budget = std::make_shared<queue_budget>(20 * bytes_of(batch));
  stuck x{budget};
  stuck y{budget};
  for (int i = 0; i < 40; ++i) {
    x.push(batch);
    y.push(batch);
  }
  auto a = x.mailbox.counters();
  auto b = y.mailbox.counters();
  CAF_CHECK_LESS_OR_EQUAL(budget->used(), budget->limit());
  CAF_CHECK_GREATER(a.dropped, 0u);
  CAF_CHECK_GREATER(b.dropped, 0u);
  CAF_CHECK_LESS(std::max(a.queued, b.queued) - std::min(a.queued, b.queued), 30u);
}

CAF_TEST(a lower limit holds at once) {
  auto batch = numbered_batch(100, 0, "t", 1'000);
  auto budget = std::make_shared<queue_budget>(large);
  stuck x{budget};
  x.push(batch);
  budget->set_limit(bytes_of(batch) / 2);
  CAF_CHECK_LESS_OR_EQUAL(budget->used(), budget->limit());
  CAF_CHECK_GREATER(x.mailbox.counters().dropped, 49u);
}

CAF_TEST(one event is kept whatever the limit) {
  auto budget = std::make_shared<queue_budget>(1);
  stuck x{budget};
  x.push(numbered_batch(5));
  CAF_CHECK_EQUAL(x.mailbox.counters().queued, 2u); // with the one that has been taken and not credited
  CAF_CHECK_EQUAL(x.mailbox.counters().dropped, 4u);
}

CAF_TEST(mailboxes of many threads stay within the limit) {
  auto batch = numbered_batch(10, 0, "t", 1'000);
  auto budget = std::make_shared<queue_budget>(30 * bytes_of(batch));
  {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        for (int round = 0; round < 20; ++round) {
          stuck x{budget};
          for (int n = 0; n < 50; ++n)
            x.push(batch);
        }
      });
    for (auto& x : threads)
      x.join();
  }
  CAF_CHECK_EQUAL(budget->used(), 0u);
}
