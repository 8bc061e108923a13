"""Issues with the label become events of their own, the others do not."""
from kitchen import await_consumers, event, main, needs, scenario, start_recipe


def issue(number, *labels):
    return event("github.issues.opened", {"issue": {"number": number, "title": f"t{number}",
                                                    "labels": [{"name": x} for x in labels]}})


@scenario
def jq_selects_and_changes(t):
    needs("jq")
    t.start_bus()
    recipe = start_recipe(t, "jq.sh", "bug")
    await_consumers(t, "github.issues.opened")
    peer = t.join("issues.labelled")
    t.publish(issue(1, "docs"), issue(2, "docs", "bug"), issue(3))
    peer.expect_event(payload={"number": 2, "title": "t2"})
    t.publish(issue(4, "bug"))
    peer.expect_event(payload={"number": 4, "title": "t4"})
    t.run_cli("stop", "--force")
    recipe.wait()  # as a pipe in which both ends have lost their bus


main()
