"""Each of five scripts gets the webhooks of its types, and no other ones."""
import os
import subprocess

from kitchen import await_file, event, main, scenario, start_recipe, write_program

TYPES = {"push": "github.push", "issues": "github.issues.opened", "pull_request": "github.pull_request.closed",
         "release": "github.release.published", "star": "github.star.created"}


@scenario
def webhooks_reach_their_scripts(t):
    t.start_bus()
    os.mkdir(t.path("scripts"))
    for name in TYPES:
        write_program(t, t.path("scripts", name), f'cat >>"{t.path(name)}"')
    recipe = start_recipe(t, "github_webhooks.sh", t.path("scripts"), stdin=subprocess.PIPE)
    lines = [event(x, {"is": name}, event_id=name) for name, x in TYPES.items()] + [event("github.fork", 1)]
    recipe.write(b"".join(line + b"\n" for line in lines))
    recipe.close_stdin()
    for name in TYPES:
        await_file(t.path(name), f'{{"is":"{name}"}}\n'.__eq__)
    t.run_cli("stop", "--force")
    recipe.expect_exit(0)


main()
