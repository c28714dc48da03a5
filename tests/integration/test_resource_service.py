# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The embedded server as OtterScale 1.x: the server itself, objects, services and lists, by requests of our own."""

from __future__ import annotations

import json

import pytest
import yaml

from emulator.process import Emulator
from tests.integration.processes import processor_seconds
from tests.integration.resource_client import GI, LABEL, SELECTOR, Client, Refused, phase, service, until, volume

ARGUMENTS = ("--generation", "v1.4", "--import-seconds", "1")
TOKEN = "resource-token-that-must-not-leak"
EXPIRED = "The provided continue parameter is too old to display a consistent list result."


@pytest.fixture
def client(emulator: Emulator) -> Client:
    return Client(emulator)


# The server


def test_the_health_check_needs_no_token_and_tells_the_generations_apart(started: Emulator) -> None:
    with Emulator("--generation", "plain") as old:
        for emulator, mine, others in ((started, "link", "instance"), (old, "instance", "link")):
            names = {"link": "otterscale.link.v1.LinkService", "instance": "otterscale.instance.v1.InstanceService"}
            emulator.token, token = "wrong", emulator.token
            try:
                assert emulator.call("health", "Check", service=names[mine]) == (200, {"status": "SERVING"})
                refusal = {"code": "not_found", "message": f"unknown service {names[others]}"}
                assert emulator.call("health", "Check", service=names[others]) == (404, refusal)
                for path in ("/otterscale.link.v1.LinkService/ListLinks", "/nothing.Here/Get"):
                    assert emulator._send("POST", path, {})[0] == 401
            finally:
                emulator.token = token
            if emulator is started:
                assert emulator.call("instance", "ListVirtualMachines", scope="demo") == (404, "404 page not found\n")


def test_a_server_before_1_2_has_no_update(client: Client) -> None:
    with Emulator("--generation", "v1.1") as old:
        assert old.call("link", "ListLinks")[1] == {"links": [{"cluster": "demo", "agentVersion": "1.1.0"}]}
        assert old.call("resource", "Update") == (404, "404 page not found\n")
        assert old.journal()["calls"][-1]["code"] == "unimplemented"
        created = Client(old).apply("services", service())
        assert created["spec"]["ports"][0]["port"] == 80
    status, answer = client.emulator.call("resource", "Update")
    assert (status, answer) == (404, {"code": "not_found", "message": "cluster  not registered"})


def test_the_journal_tells_writes_and_their_effects(client: Client) -> None:
    made = client.create("services", service())
    client.update("services", made)
    with pytest.raises(Refused):
        client.create("services", service())
    client.get("services", "web")
    client.call("Describe", "services", name="web")
    client.emulator.call("link", "ListLinks")
    client.delete("services", "web")
    calls = [(c["rpc"], c["write"], c["code"], c["effect"], c["scope"]) for c in client.emulator.journal()["calls"]]
    assert calls == [
        ("Create", True, "ok", True, "demo"),
        ("Update", True, "ok", False, "demo"),
        ("Create", True, "already_exists", False, "demo"),
        ("Get", False, "ok", False, "demo"),
        ("Describe", False, "ok", False, "demo"),
        ("ListLinks", False, "ok", False, ""),
        ("Delete", True, "ok", True, "demo"),
    ]


def test_an_agent_that_is_offline_is_refused_first_and_then_unknown(client: Client) -> None:
    emulator = client.emulator
    assert emulator.call("link", "ListLinks")[1] == {"links": [{"cluster": "demo", "agentVersion": "1.4.1"}]}
    emulator.put("cluster", cluster="demo", online=False)
    with pytest.raises(Refused, match="connect: connection refused") as refused:
        client.get("services", "web")
    assert (refused.value.status, refused.value.code) == (500, "internal")
    emulator.put("cluster", cluster="demo", refused_seconds=0)
    with pytest.raises(Refused, match="cluster demo not registered") as unknown:
        client.get("services", "web")
    assert unknown.value.code == "not_found"
    assert emulator.call("link", "ListLinks") == (200, {})
    emulator.put("cluster", cluster="demo", online=True)
    assert client.names("virtualmachines") == ["db", "web"]


def test_a_restarted_server_waits_for_its_agents_and_knows_all_objects_again() -> None:
    with Emulator("--generation", "v1.4", "--import-seconds", "0") as emulator:
        client = Client(emulator)
        client.create("services", service())
        client.create("datavolumes", volume("disk"))
        client.get("datavolumes", "disk")
        before = emulator.state()
        emulator.put("cluster", cluster="demo", relink_seconds=1.0)
        emulator.restart()
        with pytest.raises(Refused, match="cluster demo not registered"):
            client.get("services", "web")
        after = until(lambda: emulator.call("link", "ListLinks")[1] and emulator.state())
        assert after["scopes"] == before["scopes"]
        made = client.create("services", service("other"))
        assert int(made["metadata"]["resourceVersion"]) > int(before["platform"]["revision"])


def test_discovery_and_schemas_tell_what_the_cluster_serves(client: Client) -> None:
    def served() -> set[str]:
        return {kind["resource"] for kind in client.call("Discovery", "")["apiResources"]}

    assert {"services", "services/status", "datavolumes", "virtualmachines"} <= served()
    client.emulator.put("cluster", cluster="demo", missing=["cdi.kubevirt.io/v1beta1"])
    assert "datavolumes" not in served() and "persistentvolumeclaims" in served()
    assert client.call("Schema", "", kind="Service", version="v1")["schema"]["type"] == "object"
    with pytest.raises(Refused, match="Kind=Pod not found") as unknown:
        client.call("Schema", "", kind="Pod", version="v1")
    assert unknown.value.code == "internal"


# What not_found means


def test_each_not_found_has_a_text_of_its_own(client: Client) -> None:
    missing = "the server could not find the requested resource"
    absent = 'datavolumes.cdi.kubevirt.io "none" not found'
    assert client.refused(client.get, "datavolumes", "none") == ("not_found", absent)
    assert client.refused(client.get, "datavolumes", "none", namespace="nowhere") == ("not_found", absent)
    for call in (client.create, client.apply):
        assert client.refused(call, "services", service(), namespace="nowhere") == (
            "not_found",
            'namespaces "nowhere" not found',
        )
    assert client.refused(client.get, "services", "web", namespace="") == ("not_found", missing)
    assert client.refused(client.get, "namespaces", "default") == ("not_found", missing)
    assert client.get("namespaces", "default", namespace="")["status"] == {"phase": "Active"}
    with pytest.raises(Refused, match="^.*cluster other not registered") as other:
        client.get("services", "web", cluster="other")
    assert other.value.code == "not_found"
    with pytest.raises(Refused, match="unable to recognize resource") as unknown:
        client.call("Get", "pods", name="web")
    assert unknown.value.code == "invalid_argument"
    with pytest.raises(Refused, match="name is required") as nameless:
        client.get("services", "")
    assert nameless.value.code == "internal"
    client.emulator.put("cluster", cluster="demo", missing=["cdi.kubevirt.io/v1beta1"])
    for call in (lambda: client.get("datavolumes", "none"), lambda: client.names("datavolumes")):
        assert client.refused(call) == ("not_found", missing)
    assert client.names("services") == []


# Manifests and objects


def test_manifests_are_yaml_or_json_and_objects_come_back_tidied_up(client: Client) -> None:
    manifest = service("web", {"port": 80.0, "targetPort": 8080})
    manifest["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
    made = client.create("services", yaml.safe_dump(manifest))
    assert "annotations" not in made["metadata"] and "managedFields" not in made["metadata"]
    spec = made["spec"]
    node_port = spec["ports"][0]["nodePort"]
    assert json.dumps(spec["ports"]) == json.dumps(
        [{"port": 80, "targetPort": 8080, "protocol": "TCP", "nodePort": node_port}]
    )
    assert 30000 <= node_port <= 32767
    assert spec["clusterIPs"] == [spec["clusterIP"]] and spec["ipFamilies"] == ["IPv4"]
    assert spec["sessionAffinity"] == "None" and spec["internalTrafficPolicy"] == "Cluster"
    assert made["status"] == {"loadBalancer": {}}
    doubles = client.create("services", service("numbers", whole=2.0, large=2**53 + 1, huge=10**22))["spec"]
    assert json.dumps([doubles[name] for name in ("whole", "large", "huge")]) == f"[2, {2**53}, 1e+22]"
    for text in ("{", "[]", "kind: Service", "apiVersion: v1"):
        with pytest.raises(Refused, match="invalid manifest: invalid YAML") as refused:
            client.create("services", text)
        assert refused.value.code == "invalid_argument"
    for name in ("", "other"):
        with pytest.raises(Refused, match=r"invalid manifest\.metadata\.name"):
            client.update("services", {**made, "metadata": {"name": name}}, name="web")
    assert client.refused(client.apply, "services", manifest, fieldManager="")[0] == "invalid_argument"


def test_stale_resource_versions_conflict_and_custom_resources_need_one(client: Client) -> None:
    client.create("services", service())
    first, second = client.get("services", "web"), client.get("services", "web")
    first["metadata"]["labels"]["mine"] = "1"
    client.update("services", first)
    second["metadata"]["labels"]["yours"] = "2"
    code, text = client.refused(client.update, "services", second)
    assert code == "failed_precondition" and "the object has been modified" in text
    del second["metadata"]["resourceVersion"]
    assert "mine" not in client.update("services", second)["metadata"]["labels"]
    code, text = client.refused(client.update, "services", {**second, "metadata": {"name": "web", "uid": "another"}})
    assert code == "failed_precondition" and "Precondition failed: UID" in text
    made = client.create("datavolumes", volume("disk"))
    del made["metadata"]["resourceVersion"]
    code, text = client.refused(client.update, "datavolumes", made)
    assert code == "invalid_argument" and "metadata.resourceVersion" in text


def test_somebody_else_may_come_in_between(client: Client) -> None:
    client.create("services", service())
    mine = client.get("services", "web")
    labels = {LABEL: "web", "theirs": "1"}
    theirs = {"kind": "service", "object": {"namespace": "default", "name": "web", "labels": labels}}
    client.emulator.add_faults({"rpc": "Update", "kind": "put", "body": json.dumps(theirs)})
    assert client.refused(client.update, "services", mine)[0] == "failed_precondition"
    again = client.get("services", "web")
    assert again["metadata"]["labels"] == labels
    assert again["spec"] == mine["spec"]
    client.update("services", again)
    assert [call["effect"] for call in client.emulator.journal()["calls"] if call["rpc"] == "Update"] == [False, False]


# Services


def test_services_are_refused_in_the_words_of_kubernetes(client: Client) -> None:
    client.create("services", service("taken", {"port": 80, "nodePort": 30080}))
    for name, manifest, words in (
        ("Web", service("Web"), "metadata.name: Invalid value"),
        ("none", service("none", ports=[]), "spec.ports: Required value"),
        ("two", service("two", {"port": 80}, {"port": 81}), "spec.ports[0].name: Required value"),
        (
            "same",
            service("same", {"port": 80, "name": "a"}, {"port": 80, "name": "b"}),
            "spec.ports[1]: Duplicate value",
        ),
        (
            "names",
            service("names", {"port": 80, "name": "a"}, {"port": 81, "name": "a"}),
            "spec.ports[1].name: Duplicate",
        ),
        ("range", service("range", {"port": 80, "nodePort": 80}), "The range of valid ports is 30000-32767"),
        ("used", service("used", {"port": 80, "nodePort": 30080}), "provided port is already allocated"),
        ("text", service("text", {"port": 80, "targetPort": "8080"}), "must contain at least one letter"),
        (
            "lower",
            service("lower", {"port": 80, "protocol": "tcp"}),
            'spec.ports[0].protocol: Unsupported value: "tcp"',
        ),
        ("string", service("string", {"port": "80"}), "cannot unmarshal"),
        (
            "list",
            service("list", selector=["web"]),
            "cannot unmarshal array into Go struct field Service.spec.selector",
        ),
        ("inner", service("inner", {"port": 80, "nodePort": 30081}, type="ClusterIP"), "may not be used when"),
    ):
        code, text = client.refused(client.create, "services", manifest)
        assert code == "invalid_argument" and words in text, name
    long = service("long")
    long["metadata"]["labels"][LABEL] = "x" * 64
    assert "must be no more than 63 characters" in client.refused(client.create, "services", long)[1]
    assert client.names("services") == ["taken"]


def test_an_update_keeps_what_was_allocated(client: Client) -> None:
    made = client.create("services", service("web", {"port": 80, "name": "a"}, {"port": 81, "name": "b"}))
    address, (first, second) = made["spec"]["clusterIP"], made["spec"]["ports"]
    bare = service("web", {"port": 80, "name": "renamed"}, {"port": 82, "name": "b"})
    changed = client.update("services", bare)
    assert changed["spec"]["clusterIP"] == address
    assert changed["spec"]["ports"][0]["nodePort"] == first["nodePort"]
    assert changed["spec"]["ports"][1]["nodePort"] not in (None, first["nodePort"])
    freed = service("other", {"port": 80, "nodePort": second["nodePort"]})
    if changed["spec"]["ports"][1]["nodePort"] != second["nodePort"]:
        client.create("services", freed)
    code, text = client.refused(
        client.update, "services", service("web", clusterIP="10.0.0.1", clusterIPs=["10.0.0.1"])
    )
    assert code == "invalid_argument" and "may not change once set" in text


def test_apply_merges_and_removes_only_what_its_manager_set(client: Client) -> None:
    """The dashboard's ports and labels stay; only --force takes over a value that another one set."""
    theirs = service("web", {"port": 22, "name": "ssh"}, {"port": 80, "name": "http", "targetPort": 8080})
    theirs["metadata"]["labels"]["theirs"] = "1"
    client.create("services", theirs)
    mine = service("web", {"port": 443, "name": "https"}, {"port": 80, "targetPort": 9090})
    code, text = client.refused(client.apply, "services", mine)
    assert code == "failed_precondition"
    assert text.startswith('Apply failed with 1 conflict: conflict with "otterscale" using v1: .spec.ports[')
    applied = client.apply("services", mine, force=True)
    assert [(port["port"], port["targetPort"]) for port in applied["spec"]["ports"]] == [
        (22, 22),
        (80, 9090),
        (443, 443),
    ]
    assert applied["metadata"]["labels"] == {LABEL: "web", "theirs": "1"}
    fewer = service("web", {"port": 80, "targetPort": 9090})
    del fewer["metadata"]["labels"]
    applied = client.apply("services", fewer)
    assert [port["port"] for port in applied["spec"]["ports"]] == [22, 80]
    assert applied["metadata"]["labels"] == {LABEL: "web", "theirs": "1"}
    version = applied["metadata"]["resourceVersion"]
    assert client.apply("services", fewer)["metadata"]["resourceVersion"] == version


# Lists, and the shapes of the other generations


def test_lists_select_and_come_in_pages(client: Client) -> None:
    emulator = client.emulator
    emulator.put_all(
        "service",
        [
            {
                "namespace": "default",
                "name": f"s{number}",
                "ports": [{"port": 80}],
                "labels": {LABEL: "web", "n": str(number)},
            }
            for number in range(5)
        ],
    )
    emulator.put("service", namespace="shop", name="foreign", type="ClusterIP")
    assert client.names("services") == [f"s{number}" for number in range(5)]
    assert client.names("services", namespace="")[-1] == "foreign"
    assert "items" not in client.call("List", "services", namespace="nowhere")
    for selector, found in (
        (LABEL, 5),
        (f"!{LABEL}", 1),
        (f"{LABEL}=web,n!=3", 4),
        ("n in (1, 2)", 2),
        ("n notin (1,2)", 4),
        (f"{LABEL}==db", 0),
    ):
        assert len(client.names("services", namespace="", labelSelector=selector)) == found, selector
    assert client.names("services", fieldSelector="metadata.name=s2") == ["s2"]
    page = client.call("List", "services", limit=2)
    assert page["remainingItemCount"] == "3" and len(page["items"]) == 2
    client.delete("services", "s2")
    rest = client.call("List", "services", limit=2, **{"continue": page["continue"]})
    assert [item["object"]["metadata"]["name"] for item in rest["items"]] == ["s3", "s4"]
    assert (rest["continue"], rest["resourceVersion"]) == ("", page["resourceVersion"])
    assert client.refused(client.call, "List", "services", **{"continue": "?"})[0] == "invalid_argument"
    emulator.add_faults({"rpc": "List", "skip": 1, "kind": "error", "code": "invalid_argument", "message": EXPIRED})
    client.names("services", limit=1)
    with pytest.raises(Refused, match="continue parameter is too old"):
        client.names("services", limit=1)


def test_one_put_prepares_servers_of_all_generations(client: Client) -> None:
    emulator = client.emulator
    ports = [{"name": "http", "port": 80, "node_port": 30080}]
    emulator.put("service", namespace="default", name="web", ports=ports, labels={LABEL: "web"})
    web = client.get("services", "web")
    assert web["spec"]["selector"] == {"vm.kubevirt.io/name": "web"}
    web["metadata"]["annotations"] = {"note": "of somebody else"}
    client.update("services", web)
    emulator.put("service", namespace="default", name="web", selector={SELECTOR: "web"})
    web = client.get("services", "web")
    assert web["metadata"]["annotations"] and web["spec"]["selector"] == {SELECTOR: "web"}
    assert [(port["port"], port["nodePort"]) for port in web["spec"]["ports"]] == [(80, 30080)]
    emulator.put(
        "data_volume", namespace="default", name="disk", size_bytes=GI, forced_phase="Failed", forced_message="no space"
    )
    found = client.get("datavolumes", "disk")
    assert found["status"]["phase"] == "Failed" and found["status"]["conditions"][-1]["message"] == "no space"
    emulator.put("data_volume", namespace="default", name="disk", forced_phase="", capacity_bytes=3 * GI, managed=True)
    until(lambda: phase(client, "disk") == "Succeeded")
    assert client.get("persistentvolumeclaims", "disk")["status"]["capacity"] == {"storage": "3Gi"}
    emulator.put("virtual_machine", namespace="default", name="web", status="Stopped")
    assert client.get("virtualmachines", "web")["status"]["printableStatus"] == "Stopped"
    assert client.names("virtualmachineinstances") == ["db"]
    shown = emulator.state()["scopes"]["demo"]
    assert shown["services"]["default/web"]["ports"][0]["node_port"] == 30080
    assert shown["data_volumes"]["default/disk"]["capacity_bytes"] == 3 * GI
    assert shown["virtual_machines"]["default/web"]["status"] == "Stopped"
    status, object_ = emulator._send("GET", "/kubernetes/demo/api/v1/namespaces/default/services/web", None)
    assert status == 200 and object_["spec"] == web["spec"]
    emulator.put("data_volume", remove=True, namespace="default", name="disk")
    assert not client.names("datavolumes") and not client.names("persistentvolumeclaims")


def test_a_call_is_cheap_among_ten_thousand_services(client: Client) -> None:
    many = [
        {"namespace": "default", "name": f"s{n}", "type": "ClusterIP", "ports": [{"port": 80}]} for n in range(10000)
    ]
    client.emulator.put_all("service", many)
    for call in (
        lambda number: client.get("services", f"s{number}"),
        lambda number: client.create("services", service(f"new{number}")),
    ):
        begun = processor_seconds(client.emulator.pid)
        for number in range(50):
            call(number)
        assert (processor_seconds(client.emulator.pid) - begun) / 50 < 0.005
