"""No graph loads in which participants' data could leave (clause S5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.privacy.forwarding import ForwardingError, Node, refuse_forwarding, violations
from schemas.policy import POLICY_FILE, load_policy

POLICY = load_policy()
SUBMISSIONS = Node("submissions", "processor")
CARDS = Node("cards", "controller")
SENDER = Node("push", "controller", frozenset({"helpscout"}))


def found(nodes: list[Node], *edges: tuple[str, str]) -> list[str]:
    return [str(violation) for violation in violations(nodes, edges, POLICY)]


def test_a_graph_without_a_way_out_loads() -> None:
    nodes = [SUBMISSIONS, Node("instructed_deletion", "system"), CARDS, SENDER]
    edges = [("submissions", "instructed_deletion"), ("cards", "push")]
    refuse_forwarding(nodes, edges, POLICY)


def test_a_direct_way_out_is_refused() -> None:
    assert found([SUBMISSIONS, SENDER], ("submissions", "push")) == [
        "participants' data could reach helpscout: submissions → push"
    ]


def test_an_asset_that_holds_and_sends_is_refused() -> None:
    nodes = [Node("submissions", "processor", frozenset({"tripletex"}))]
    assert found(nodes) == ["participants' data could reach tripletex: submissions"]


def test_a_way_through_assets_without_a_tag_is_refused() -> None:
    nodes = [SUBMISSIONS, Node("staging"), SENDER]
    assert found(nodes, ("submissions", "staging"), ("staging", "push")) == [
        "participants' data could reach helpscout: submissions → staging → push"
    ]


def test_a_way_through_an_asset_that_is_only_named_in_an_edge_is_refused() -> None:
    nodes = [SUBMISSIONS, SENDER]
    assert found(nodes, ("submissions", "elsewhere"), ("elsewhere", "push"))


def test_a_tag_in_between_does_not_wash_the_data_clean() -> None:
    nodes = [SUBMISSIONS, CARDS, SENDER]
    assert found(nodes, ("submissions", "cards"), ("cards", "push"))


def test_upstream_of_the_data_anyone_may_be_asked() -> None:
    nodes = [SENDER, SUBMISSIONS]
    assert found(nodes, ("push", "submissions")) == []


def test_a_recipient_that_the_policy_does_not_declare_is_refused() -> None:
    nodes = [Node("export", "controller", frozenset({"newsletter"}))]
    assert found(nodes) == ["export sends to newsletter, which policy.yaml does not declare"]


def test_whoever_sends_says_what_it_holds() -> None:
    nodes = [Node("export", None, frozenset({"helpscout"}))]
    assert found(nodes) == ["export sends to helpscout and has no data class tag"]


def test_a_mistyped_class_is_refused_rather_than_taken_for_harmless() -> None:
    assert found([Node("submissions", "procesor")]) == [
        "submissions has a data class tag that is none of controller, processor, system"
    ]


def test_a_circle_ends() -> None:
    nodes = [SUBMISSIONS, Node("a"), Node("b"), SENDER]
    edges = [("submissions", "a"), ("a", "b"), ("b", "a"), ("b", "push")]
    assert len(found(nodes, *edges)) == 1


def test_the_refusal_names_every_path() -> None:
    nodes = [SUBMISSIONS, SENDER, Node("bill", "controller", frozenset({"tripletex"}))]
    with pytest.raises(ForwardingError, match=r"submissions → bill; .*submissions → push"):
        refuse_forwarding(nodes, [("submissions", "push"), ("submissions", "bill")], POLICY)


def test_the_refusal_says_where_the_policy_speaks_of_it() -> None:
    lines = POLICY_FILE.read_text(encoding="utf-8").splitlines()
    sender = Node("push", "controller", frozenset({"nobody"}))
    with pytest.raises(ForwardingError) as refused:
        refuse_forwarding([SUBMISSIONS, sender], [("submissions", "push")], POLICY)
    told = str(refused.value)
    assert f"policy.yaml line {lines.index('recipients:') + 1} (recipients): push sends to nobody" in told
    assert f"policy.yaml line {lines.index('  S5:') + 1} (clauses.S5): participants' data could" in told


@given(
    edges=st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25),
    processors=st.sets(st.integers(0, 9)),
    senders=st.sets(st.integers(0, 9)),
)
def test_it_finds_a_way_out_exactly_when_there_is_one(
    edges: set[tuple[int, int]], processors: set[int], senders: set[int]
) -> None:
    """Against the transitive closure, computed the slow way."""
    reach = {(n, n) for n in range(10)} | edges
    for middle in range(10):
        reach |= {(a, b) for a in range(10) for b in range(10) if {(a, middle), (middle, b)} <= reach}
    expected = {(a, b) for a, b in reach if a in processors and b in senders}
    nodes = [
        Node(
            str(n),
            "processor" if n in processors else "controller",
            frozenset({"brreg"} if n in senders else ()),
        )
        for n in range(10)
    ]
    named = [(str(a), str(b)) for a, b in edges]
    got = violations(nodes, named, POLICY)
    assert {(int(one.path[0]), int(one.path[-1])) for one in got} == expected
    for one in got:
        assert all(step in edges for step in zip(map(int, one.path), map(int, one.path[1:]), strict=False))
