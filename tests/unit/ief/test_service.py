# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Edge services: what a task sends, refuses and shows. What holds for every kind is in test_contract.py."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._engine.resource import (
    Plan,
    Presence,
    Refusal,
    Seen,
    Step,
    Verb,
)
from ansible_collections.otterscale.core.plugins.module_utils._errors import ApiError
from ansible_collections.otterscale.core.plugins.module_utils._ief.service import IefService, ServiceState
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.vm_service import VMService
from ansible_collections.otterscale.core.plugins.module_utils._values.ports import Port
from hypothesis import given
from hypothesis import strategies as st

from tests.kinds import KINDS
from tests.kinds.ief_service import EXAMPLE, PORTS, PROJECT, SERVICE_ID

KIND = KINDS["ief_service"]
# The answer of the vendor's documentation, with its empty members left out, and what a task wants that changes nothing.
ANSWER = {
    "id": SERVICE_ID,
    "project_id": PROJECT,
    "meta_data": {"name": "service-example"},
    "spec": {
        "selector": {"app": "ief-nginx"},
        "ports": [{"name": "http-0", "protocol": "TCP", "port": "8888", "target_port": "80"}],
        "cluster_ip": "None",
    },
    "created_at": "2020-07-08 01:23:25.845332209 +0000 UTC",
    "updated_at": "2020-07-08 01:23:25.845332209 +0000 UTC",
}
WANTED = {
    "name": "service-example",
    "labels": {},
    "selector": {"app": "ief-nginx"},
    "service_type": "",
    "cluster_ip": "None",
    "ports": [{"name": "http-0", "port": 8888, "target_port": "80"}],
}
UPDATE = Step(Verb.UPDATE, "UpdateService", {}, "")


def service(**options: Any) -> Any:
    return KIND.resource({**EXAMPLE, **options})


def only(**options: Any) -> Any:
    """A task that names no more than these."""
    return KIND.resource({"state": "present", **options})


def refused(**options: Any) -> str:
    with pytest.raises(ApiError) as caught:
        service(**options)
    assert caught.value.code == "client"
    return caught.value.message


def state(**members: Any) -> ServiceState:
    known = {"id": SERVICE_ID, "name": "web", "labels": {}, "selector": {"app": "web"}, "type": "", "cluster_ip": ""}
    return ServiceState(**{**known, "ports": (Port(80, "http-0", "80"),), **members})


def seen(**members: Any) -> Seen[ServiceState]:
    return Seen(Presence.PRESENT, state(**members))


def observed(wanted: Any, *services: dict[str, Any]) -> Seen[ServiceState]:
    """What a task sees on a server with these services."""

    def read(procedure: str, request: Any) -> dict[str, Any]:
        if procedure == "ListServices":
            return {"services": list(services)}
        assert procedure == "GetService"
        found = [service for service in services if service["id"] == request["service_id"]]
        if not found:
            raise ApiError("not_found", "no", rpc=procedure, http_status=404, details=[{"error_code": "1"}], sent=True)
        return {"service": found[0]}

    return wanted.observe(read)


def sent(wanted: Any, now: Seen[ServiceState]) -> dict[str, Any]:
    (step,) = wanted.plan(now).steps
    return step.request


# Options


@pytest.mark.parametrize("name", ["1web", "Web", "web.a", "w" * 65, "web_1", "web-"])
def test_a_bad_name_is_refused(name: str) -> None:
    assert refused(name=name).startswith(f"option 'name' is {name!r}: must be a name of an edge service: at most 64 ")


@pytest.mark.parametrize("name", ["w", "w" * 64, "web-1"])
def test_a_good_name_is_taken(name: str) -> None:
    assert service(name=name).name == name


@pytest.mark.parametrize("service_id", ["../x", "a/b", "a b", "-", "ä", "a?b"])
def test_an_id_that_no_path_can_carry_is_refused(service_id: str) -> None:
    assert refused(service_id=service_id).startswith(f"option 'service_id' is {service_id!r}: must be an id: letters")


def test_a_service_has_a_name_or_an_id() -> None:
    for nothing in ({"name": ""}, {"name": None}):
        assert "'name'" in refused(**nothing) and "'service_id'" in refused(**nothing)
    assert only(service_id=SERVICE_ID).title == f"edge service ({SERVICE_ID})"
    assert only(name="web", service_id=SERVICE_ID).goal == f"edge service web ({SERVICE_ID}) present"
    assert IefService.title_of(None, "") == "edge service"


@pytest.mark.parametrize(
    ("ports", "words"),
    [
        ([], "at least one port"),
        ([{"port": 70000}], "port 70000 is not from 1 to 65535"),
        ([{"port": 80, "name": "http2forecast"}], "must be tcp-SUFFIX or http-SUFFIX"),
        ([{"port": 80, "name": "udp-0"}], "must be tcp-SUFFIX or http-SUFFIX"),
        ([{"port": 80, "name": "tcp-"}], "must be tcp-SUFFIX or http-SUFFIX"),
        ([{"port": 80, "name": "http-" + 59 * "a"}], "must be tcp-SUFFIX or http-SUFFIX"),
        ([{"port": 80, "target_port": "http-alt"}], "target_port 'http-alt' is not a number from 1 to 65535"),
        ([{"port": 80, "target_port": "0"}], "target_port '0' is not a number from 1 to 65535"),
        ([{"port": 80, "target_port": "65536"}], "target_port '65536' is not a number from 1 to 65535"),
        ([{"port": 53, "protocol": "UDP"}], "port 53 of UDP needs a name"),
        ([{"port": 53, "protocol": "SCTP"}], "port 53 of SCTP needs a name"),
        ([{"port": 80}, {"port": 81, "name": "tcp-80"}], "two ports have the name 'tcp-80'"),
        ([{"port": 80}, {"port": 80, "name": "http-0"}], "two ports are TCP 80"),
        ([{"port": 80, "node_port": 80}], "node_port 80 is not from 30000 to 32767"),
    ],
)
def test_bad_ports_are_refused(ports: list[dict[str, Any]], words: str) -> None:
    assert refused(ports=ports).startswith("option 'ports' is [") and words in refused(ports=ports)


def test_what_a_port_leaves_out_is_filled_in() -> None:
    ports = [{"port": 80}, {"port": 1, "target_port": "65535"}, {"port": 53, "protocol": "UDP", "name": "tcp-dns"}]
    assert service(ports=ports).ports == (
        Port(80, "tcp-80", "80", "TCP"),
        Port(1, "tcp-1", "65535", "TCP"),
        Port(53, "tcp-dns", "53", "UDP"),
    )
    assert service(ports=[{"port": 80, "name": "http-" + 58 * "a"}]).ports[0].name.endswith("a")


@pytest.mark.parametrize("option", ["labels", "selector"])
@pytest.mark.parametrize("value", [1, True, None, 1.5, ["a"]])
def test_a_label_that_is_no_text_is_refused(option: str, value: Any) -> None:
    message = refused(**{option: {"app": "web", "tier": value}})
    assert message.startswith(f"option '{option}' is {{")
    assert message.endswith("the value of 'tier' must be text: write it with quotes")


def test_an_empty_selector_is_refused() -> None:
    assert refused(selector={}) == "option 'selector' is {}: must hold at least one label"


@given(st.sampled_from(PORTS))
def test_one_list_of_ports_is_the_same_to_a_vm_and_to_the_edge(ports: list[dict[str, Any]]) -> None:
    """But for the name of a port that has none."""
    platform: Any = KINDS["vm_service"].resource({**KINDS["vm_service"].example, "ports": ports})
    edge = service(ports=ports)
    assert isinstance(platform, VMService)
    both = zip(platform.ports, edge.ports, strict=True)
    assert [port._replace(name=at_the_edge.name) for port, at_the_edge in both] == [*edge.ports]


# What is there


def test_the_documented_answer_is_read_whole() -> None:
    found = observed(KIND.resource(WANTED), ANSWER)
    assert found.state is not None
    assert KIND.resource(WANTED).as_result(found.state) == {
        "id": SERVICE_ID,
        "name": "service-example",
        "project_id": PROJECT,
        "labels": {},
        "selector": {"app": "ief-nginx"},
        "type": None,
        "cluster_ip": "None",
        "ports": [{"name": "http-0", "port": 8888, "target_port": "80", "protocol": "TCP", "node_port": None}],
        "created_at": "2020-07-08T01:23:25.845332209Z",
        "updated_at": "2020-07-08T01:23:25.845332209Z",
    }
    assert KIND.resource(WANTED).plan(found) == Plan()


def test_every_member_of_a_port_is_read() -> None:
    port = {"name": "tcp-dns", "protocol": "UDP", "port": "53", "target_port": "5353", "node_port": "30053"}
    found = observed(KIND.resource(WANTED), {**ANSWER, "spec": {**ANSWER["spec"], "ports": [port, {"port": "80"}]}})
    assert found.state is not None
    assert found.state.ports == (Port(53, "tcp-dns", "5353", "UDP", 30053), Port(80, "", "80", "TCP"))


def test_a_project_that_is_not_told_is_none() -> None:
    found = observed(KIND.resource(WANTED), {**ANSWER, "project_id": ""})
    assert found.state is not None and found.state.project_id is None


def test_empty_members_are_the_same_as_none() -> None:
    port = {**ANSWER["spec"]["ports"][0], "node_port": ""}
    spec = {**ANSWER["spec"], "ports": [port], "external_ips": [], "external_name": "", "type": ""}
    full = {**ANSWER, "meta_data": {"name": "service-example", "labels": {}}, "spec": spec}
    assert observed(KIND.resource(WANTED), full) == observed(KIND.resource(WANTED), ANSWER)


@pytest.mark.parametrize(
    ("time", "shown"),
    [
        ("2020-07-08 01:23:25 +0000 UTC", "2020-07-08T01:23:25Z"),
        ("2020-07-08 01:23:25.5 +0800 CST", "2020-07-07T17:23:25.5Z"),
        ("2020-07-08T01:23:25Z", "2020-07-08T01:23:25Z"),
        ("yesterday", "yesterday"),
        ("", None),
    ],
)
def test_times_are_shown_in_rfc_3339(time: str, shown: str | None) -> None:
    found = observed(KIND.resource(WANTED), {**ANSWER, "created_at": time})
    assert found.state is not None and found.state.created_at == shown


def test_a_name_is_compared_exactly() -> None:
    others = [{"id": name, "meta_data": {"name": name}, "spec": {}} for name in ("service-example-2", "service")]
    assert observed(KIND.resource(WANTED), *others).presence is Presence.ABSENT
    found = observed(KIND.resource(WANTED), others[0], ANSWER, others[1])
    assert found.state is not None and found.state.id == SERVICE_ID


@pytest.mark.parametrize("options", [{}, {"state": "absent"}])
def test_two_services_of_a_name_are_an_error_that_tells_both_ids(options: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as caught:
        observed(KIND.resource({**WANTED, **options}), {**ANSWER, "id": "b"}, {**ANSWER, "id": "a"})
    assert caught.value.code == "failed_precondition"
    assert caught.value.message == "2 services have this name, with the ids a and b"
    assert "'service_id'" in caught.value.advice


def test_an_id_tells_which_of_them() -> None:
    wanted = KIND.resource({**WANTED, "service_id": "a"})
    found = observed(wanted, {**ANSWER, "id": "b"}, {**ANSWER, "id": "a"})
    assert found.state is not None and found.state.id == "a"


def test_a_new_name_must_be_free() -> None:
    other = {**ANSWER, "id": "other", "meta_data": {"name": "web"}}
    wanted, gone = (only(name="web", service_id=SERVICE_ID, state=state) for state in ("present", "absent"))
    with pytest.raises(ApiError, match="option 'name' is 'web': another service has that name, with the id other"):
        observed(wanted, ANSWER, other)
    assert observed(wanted, ANSWER).state is not None
    assert observed(gone, ANSWER, other).state is not None


def test_an_id_that_does_not_exist_is_absent_or_an_error() -> None:
    assert observed(only(service_id="x", state="absent"), ANSWER).presence is Presence.ABSENT
    with pytest.raises(ApiError) as caught:
        observed(only(service_id="x"), ANSWER)
    assert (caught.value.code, caught.value.rpc, caught.value.http_status) == ("not_found", "GetService", 404)


@pytest.mark.parametrize("code", ["not_found", "unavailable"])
def test_what_is_not_said_by_ief_proves_no_absence(code: str) -> None:
    def read(procedure: str, request: Any) -> dict[str, Any]:
        raise ApiError(code, "a page of a proxy", rpc=procedure, sent=True)

    with pytest.raises(ApiError):
        only(service_id="x", state="absent").observe(read)


@pytest.mark.parametrize(
    "broken",
    [
        {"id": ""},
        {"id": 5},
        {"meta_data": {"name": "service-example", "labels": {"a": 1}}},
        {"spec": []},
        {"spec": {"selector": "app"}},
        {"spec": {"ports": [{"port": "many"}]}},
        {"spec": {"external_ips": "192.0.2.1"}},
        {"spec": {"type": 1}},
    ],
)
def test_an_answer_that_makes_no_sense_is_an_error(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        observed(KIND.resource(WANTED), {**ANSWER, **broken})


def test_nothing_is_taken_for_absent_in_a_list_that_makes_no_sense() -> None:
    with pytest.raises(ValueError):
        observed(KIND.resource(WANTED), {"id": "a", "meta_data": {"name": 5}})


# What is sent


def test_a_create_sends_every_member() -> None:
    assert sent(KIND.resource(WANTED), Seen(Presence.ABSENT)) == {
        "service": {
            "meta_data": {"name": "service-example", "labels": {}},
            "spec": {
                "cluster_ip": "None",
                "external_ips": [],
                "external_name": "",
                "ports": [{"name": "http-0", "port": "8888", "target_port": "80", "protocol": "TCP", "node_port": ""}],
                "selector": {"app": "ief-nginx"},
                "type": "",
            },
        }
    }


@pytest.mark.parametrize("option", ["selector", "ports"])
def test_a_create_needs_selector_and_ports(option: str) -> None:
    wanted = only(**{key: value for key, value in EXAMPLE.items() if key not in (option, "state")})
    with pytest.raises(ApiError, match=f"option '{option}' is not given: needed to create edge service web"):
        wanted.plan(Seen(Presence.ABSENT))


def test_an_update_carries_what_the_task_leaves_out() -> None:
    unmanaged = {"external_ips": ["192.0.2.1"], "external_name": "edge.test"}
    now = seen(labels={"a": "b"}, type="ClusterIP", cluster_ip="10.0.0.1", unmanaged=unmanaged)
    request = sent(only(name="web", selector={"app": "api"}), now)
    assert request["service_id"] == SERVICE_ID
    assert request["service"] == {
        "meta_data": {"name": "web", "labels": {"a": "b"}},
        "spec": {
            **{"cluster_ip": "10.0.0.1", "selector": {"app": "api"}, "type": "ClusterIP", **unmanaged},
            "ports": [{"name": "http-0", "port": "80", "target_port": "80", "protocol": "TCP", "node_port": ""}],
        },
    }


def test_an_update_replaces_what_the_task_names() -> None:
    now = seen(labels={"a": "b"}, cluster_ip="10.0.0.1")
    request = sent(only(name="web", labels={}, cluster_ip="", ports=[{"port": 81}]), now)["service"]
    assert request["meta_data"]["labels"] == {} and request["spec"]["cluster_ip"] == ""
    assert [port["name"] for port in request["spec"]["ports"]] == ["tcp-81"]


def test_a_rename_sends_the_new_name() -> None:
    wanted = only(name="api", service_id=SERVICE_ID)
    (step,) = wanted.plan(seen()).steps
    assert (step.rpc, step.reason) == ("UpdateService", "name differs")
    assert step.request["service"]["meta_data"]["name"] == "api"
    assert sent(only(service_id=SERVICE_ID, labels={"a": "b"}), seen())["service"]["meta_data"]["name"] == "web"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"labels": {"a": "b"}}, "labels differ"),
        ({"ports": [{"port": 81}]}, "ports differ"),
        ({"cluster_ip": "None"}, "cluster_ip differs"),
        ({"labels": {"a": "b"}, "service_type": "x"}, "labels and service_type differ"),
    ],
)
def test_the_reason_names_what_differs(options: dict[str, Any], reason: str) -> None:
    (step,) = only(name="web", **options).plan(seen()).steps
    assert step.reason == reason


def test_node_ports_stay_with_their_type_only() -> None:
    allocated = (Port(80, "http-0", "80", "TCP", 30080),)
    now = seen(type="NodePort", ports=allocated)
    kept = [{"port": 80, "name": "http-0", "target_port": "81"}]
    for options, node_port in (({"ports": kept}, "30080"), ({"ports": kept, "service_type": ""}, "")):
        assert sent(only(name="web", **options), now)["service"]["spec"]["ports"][0]["node_port"] == node_port
    assert sent(only(name="web", service_type=""), now)["service"]["spec"]["ports"][0]["node_port"] == ""
    assert only(name="web", ports=[{"port": 80, "name": "http-0"}]).plan(now) == Plan()
    assert only(name="web", ports=[{"port": 80, "name": "http-0", "node_port": 30081}]).plan(now) != Plan()


# What an answer says


@pytest.mark.parametrize("verb", [Verb.CREATE, Verb.UPDATE])
def test_an_answer_with_the_whole_service_is_believed(verb: Verb) -> None:
    before = Seen(Presence.ABSENT) if verb is Verb.CREATE else seen()
    found = KIND.resource(WANTED).state_in(UPDATE._replace(verb=verb), {"service": ANSWER}, before)
    assert found is not None and found.cluster_ip == "None"


@pytest.mark.parametrize("answer", [None, "a", {"id": "a"}, {**ANSWER, "id": "other"}, {**ANSWER, "id": ""}])
def test_another_answer_tells_nothing(answer: Any) -> None:
    assert KIND.resource(WANTED).state_in(UPDATE, {"service": answer}, seen()) is None
    assert KIND.resource(WANTED).state_in(UPDATE, {}, seen()) is None


def test_a_creation_that_is_not_answered_in_time_is_not_tried_again() -> None:
    error = ApiError("deadline_exceeded", "", sent=True)
    assert service().refusal(UPDATE._replace(verb=Verb.CREATE), error) is Refusal.FINAL
    assert "unknown" in error.advice
    assert service().refusal(UPDATE, ApiError("deadline_exceeded", "", sent=True)) is None


def test_a_conflict_while_renaming_may_be_the_name() -> None:
    error = ApiError("aborted", "", sent=True)
    assert service(service_id=SERVICE_ID).refusal(UPDATE, error) is None
    assert "'web'" in error.advice
    for other in (service(), only(service_id=SERVICE_ID)):
        error = ApiError("aborted", "", sent=True)
        other.refusal(UPDATE, error)
        assert "Another client" in error.advice


def test_only_ief_can_say_that_a_service_is_missing() -> None:
    said = ApiError("not_found", "", details=[{"error_code": "IEF.1"}], sent=True)
    assert service().refusal(UPDATE, said) is Refusal.MISSING
    assert service().refusal(UPDATE, ApiError("not_found", "", sent=True)) is None
    gateway = ApiError("not_found", "no such API", details=[{"error_code": "APIG.0101"}], sent=True)
    assert service().refusal(UPDATE, gateway) is None


# What is shown


def test_a_diff_has_both_names_and_the_id() -> None:
    wanted = only(name="api", service_id=SERVICE_ID)
    assert wanted.diff_before(state()) == {"service_id": SERVICE_ID, "name": "web"}
    assert wanted.diff_after() == {"service_id": SERVICE_ID, "name": "api"}
    assert only(service_id=SERVICE_ID).diff_after() == {"service_id": SERVICE_ID}
    assert only(service_id=SERVICE_ID).diff_before(state()) == {"service_id": SERVICE_ID}


def test_a_service_that_is_known_by_its_id_keeps_its_name() -> None:
    assert only(service_id=SERVICE_ID).plan(seen()) == Plan()
    assert only(service_id=SERVICE_ID, selector={"app": "web"}).plan(seen()) == Plan()


def test_only_the_server_knows_id_and_times() -> None:
    made = service().predict(Seen(Presence.ABSENT))
    shown = service().as_result(made)
    assert (shown["id"], shown["created_at"], shown["updated_at"], shown["project_id"]) == (None, None, None, PROJECT)
    now = seen(created_at="2020-07-08T01:23:25Z", updated_at="2020-07-08T01:23:25Z")
    shown = service().as_result(service().predict(now))
    assert (shown["id"], shown["created_at"], shown["updated_at"]) == (SERVICE_ID, "2020-07-08T01:23:25Z", None)
