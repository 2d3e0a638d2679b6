"""What is kept, what is not, and that whole traces are."""

import pytest
from polling import wait_for
from programs import Programs, only


def test_a_fixed_share_is_kept_and_nothing_else(programs: Programs) -> None:
    run = programs.run("sampling-fixed")
    # A quarter of 400: less than one run in a million is outside of this.
    assert 55 <= len(run.trace_ids) <= 145
    assert f"kept {len(run.trace_ids)} of 400 traces" in run.output
    run.trace("- internal request\n  - internal work", number=-1)
    wait_for("the kept traces", lambda: run.stored_ids() == set(run.trace_ids))


def test_failed_and_slow_traces_are_kept_whole_though_the_sampler_said_no(
    programs: Programs,
) -> None:
    run = programs.run("sampling-errors", SHARE="0", MAX_SPANS="50")
    failing = run.trace("- internal failing\n  - internal charge card", number=0)
    assert only(failing, "charge card").status == "error"
    slow = run.trace("- internal slow\n  - internal charge card", number=1)
    assert only(slow, "slow").duration_ns >= 200_000_000
    # Not one of the hundred ordinary ones, nor the one that did not fit.
    assert run.stored_ids() >= set(run.trace_ids) and len(run.trace_ids) == 2
    for trace_id in run.stored_ids() - set(run.trace_ids):
        # Unless the machine made them slow.
        assert max(span.duration_ns for span in run.spans(trace_id, 1)) >= 200_000_000
    assert "dropped for want of room: 51 spans" in run.output


def test_what_the_sampler_chose_is_sent_all_the_same(programs: Programs) -> None:
    service = f"{programs.language.name}-sampling-all"
    run = programs.run("sampling-errors", service=service, SHARE="1", MAX_SPANS="50")
    run.trace("- internal failing\n  - internal charge card", number=0)
    # A hundred ordinary ones, the failing, the slow and the endless one.
    wait_for("all 103 traces", lambda: len(run.stored_ids()) == 103)
    assert "dropped for want of room: 0 spans" in run.output


def test_a_dynamic_rate_follows_the_traffic_of_each_operation(programs: Programs) -> None:
    run = programs.run("sampling-dynamic")
    first, *later = run.json_lines()
    # Nobody knows the traffic of the first second, so its rate falls while it lasts.
    assert 60 <= first["GET /list"] <= 180
    for second in later:
        # 20 of 1,000 were planned; the bounds are more than four deviations away.
        assert 2 <= second["GET /list"] <= 60
    assert [second["POST /checkout"] for second in (first, *later)] == [5, 5, 5]
    kept = sum(sum(second.values()) for second in (first, *later))
    wait_for(f"{kept} traces", lambda: len(run.stored_ids()) == kept)

    [trace_id, *_] = run.stored_ids()
    [span] = run.spans(trace_id, 1)
    # Rust has it in the tracestate.
    if programs.language.name != "rust":
        assert 0 < span.attributes["sampling.rate"] <= 1


def test_a_sampler_of_ones_own_sees_attributes(programs: Programs) -> None:
    if programs.language.name != "rust":
        pytest.skip("SDKs hand attributes to every sampler")
    run = programs.run("sampling-custom")
    run.trace("- internal GET\n  - internal answer")
    assert run.stored_ids() == set(run.trace_ids) and len(run.trace_ids) == 1
