"""The job passes if all three shards do, and fails if one does not."""
import json

from kitchen import equal, main, scenario, start_recipe, write_program


def run(t, text, code):
    job = start_recipe(t, "ci_job.sh", write_program(t, t.path("shard"), text))
    job.expect_exit(code)
    return {x["shard"]: x["code"] for x in map(json.loads, job.out.splitlines())}


@scenario
def all_shards_report(t):
    t.start_bus()
    equal(run(t, "exit 0", 0), {1: 0, 2: 0, 3: 0}, "shards")


@scenario
def a_shard_that_fails_fails_the_job(t):
    t.start_bus()
    equal(run(t, '[ "$1" != 2 ] || exit 7', 1), {1: 0, 2: 7, 3: 0}, "shards")


main()
