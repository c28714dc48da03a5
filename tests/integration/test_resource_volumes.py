# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The embedded server as OtterScale 1.x: what CDI and the storage do with data volumes and claims over time."""

from __future__ import annotations

import pytest

from emulator.process import Emulator
from tests.integration.resource_client import GI, Client, phase, service, until, volume

ARGUMENTS = ("--generation", "v1.4", "--import-seconds", "1")
TOKEN = "resource-token-that-must-not-leak"
MODES = '"ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"'


@pytest.fixture
def client(emulator: Emulator) -> Client:
    return Client(emulator)


def test_a_volume_goes_through_its_phases_and_tells_them(client: Client) -> None:
    made = client.create("datavolumes", volume("image", {"http": {"url": "https://example.com/image"}}))
    assert "status" not in made
    seen = []
    while not seen or seen[-1] != "Succeeded":
        if (now := phase(client, "image")) not in seen:
            seen.append(now)
    assert seen == ["Pending", "ImportScheduled", "ImportInProgress", "Succeeded"]
    described = client.call("Describe", "datavolumes", name="image")
    assert [event["object"]["reason"] for event in described["events"]] == seen
    found = described["resource"]["object"]
    assert {event["object"]["involvedObject"]["uid"] for event in described["events"]} == {found["metadata"]["uid"]}
    assert found["status"]["progress"] == "100.0%"
    running = found["status"]["conditions"][-1]
    assert running["type"] == "Running" and running["message"] == "Import Complete"
    assert found["metadata"]["creationTimestamp"] <= running["lastTransitionTime"] <= running["lastHeartbeatTime"]
    claim = client.get("persistentvolumeclaims", "image")
    assert claim["metadata"]["ownerReferences"][0]["uid"] == found["metadata"]["uid"]
    assert claim["spec"]["storageClassName"] == "ceph-rbd" and claim["status"]["capacity"] == {"storage": "1Gi"}
    client.delete("datavolumes", "image")
    for resource in ("datavolumes", "persistentvolumeclaims"):
        assert client.refused(client.get, resource, "image")[0] == "not_found"


def test_the_spec_of_a_volume_is_for_ever_and_bad_ones_are_denied(client: Client) -> None:
    client.create("datavolumes", volume("disk"))
    present = client.get("datavolumes", "disk")
    present["spec"]["storage"]["resources"]["requests"]["storage"] = "2Gi"
    denied = 'admission webhook "datavolume-validate.cdi.kubevirt.io" denied the request:  '
    assert client.refused(client.update, "datavolumes", present) == (
        "invalid_argument",
        f"{denied}Cannot update DataVolume Spec",
    )
    claim = {**client.get("persistentvolumeclaims", "disk"), "status": {}}
    claim["metadata"] = {"name": "foreign", "namespace": "default"}
    claim["spec"].pop("volumeName")
    client.emulator.put("object", **claim)
    foreign = "Destination PVC default/foreign already exists"
    for manifest, words in (
        (volume("foreign"), foreign),
        (volume("url", {"http": {"url": "ftp://x"}}), "DataVolume source http URL is not valid"),
        (volume("size", size="0"), "PVC size can't be equal or less than zero"),
        (volume("text", size="much"), "PVC size is missing"),
        (volume("mode", accessModes=["Many"]), 'Unsupported value: "Many": supported values: ' + MODES),
        (volume("both", {"blank": {}, "pvc": {"name": "disk"}}), "Multiple Data volume sources"),
    ):
        assert client.refused(client.create, "datavolumes", manifest) == ("invalid_argument", denied + words)


def test_a_claim_grows_in_time_if_its_class_lets_it(client: Client) -> None:
    client.create("datavolumes", volume("disk"))
    claim = until(
        lambda: (found := client.get("persistentvolumeclaims", "disk"))["status"]["phase"] == "Bound" and found
    )
    wanted = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "disk"},
        "spec": {"resources": {"requests": {"storage": "2Gi"}}},
    }
    code, text = client.refused(client.apply, "persistentvolumeclaims", wanted)
    assert code == "failed_precondition"
    assert text.endswith('conflict with "virt-cdi-controller" using v1: .spec.resources.requests.storage')
    grown = client.apply("persistentvolumeclaims", wanted, force=True)
    assert grown["status"]["capacity"] == {"storage": "1Gi"} and grown["spec"]["accessModes"] == ["ReadWriteOnce"]
    until(lambda: client.get("persistentvolumeclaims", "disk")["status"]["capacity"] == {"storage": "2Gi"})
    assert client.get("datavolumes", "disk")["spec"]["storage"]["resources"]["requests"] == {"storage": "1Gi"}
    assert client.emulator.state()["scopes"]["demo"]["data_volumes"]["default/disk"]["capacity_bytes"] == 2 * GI
    code, text = client.refused(client.update, "persistentvolumeclaims", claim | {"metadata": {"name": "disk"}})
    assert code == "invalid_argument" and "field can not be less than" in text
    rigid = {"metadata": {"name": "rigid"}, "provisioner": "none"}
    client.emulator.put("object", apiVersion="storage.k8s.io/v1", kind="StorageClass", **rigid)
    client.create("datavolumes", volume("rigid", storageClassName="rigid"))
    until(lambda: client.get("persistentvolumeclaims", "rigid")["status"]["phase"] == "Bound")
    code, text = client.refused(
        client.apply, "persistentvolumeclaims", {**wanted, "metadata": {"name": "rigid"}}, force=True
    )
    assert code == "permission_denied" and "the storageclass that provisions the pvc must support resize" in text


def test_volumes_wait_for_consumers_sources_and_classes(client: Client) -> None:
    client.create("datavolumes", volume("lazy", storageClassName="local-path"))
    client.create("datavolumes", volume("copy", {"pvc": {"namespace": "default", "name": "source"}}))
    client.create("datavolumes", volume("static", storageClassName=""))
    assert [phase(client, name) for name in ("lazy", "copy", "static")] == [
        "WaitForFirstConsumer",
        "Pending",
        "Pending",
    ]
    described = client.call("Describe", "persistentvolumeclaims", name="lazy")
    assert described["resource"]["object"]["status"] == {"phase": "Pending"}
    assert [event["object"]["reason"] for event in described["events"]] == ["WaitForFirstConsumer"]
    client.emulator.put("virtual_machine", namespace="default", name="app", boot_data_volume="lazy")
    client.create("datavolumes", volume("source"))
    for name in ("lazy", "source", "copy"):
        until(lambda name=name: phase(client, name) == "Succeeded")
        assert client.get("persistentvolumeclaims", name)["status"]["phase"] == "Bound"
    assert phase(client, "static") == "Pending"


def test_deletions_take_time_and_foreign_finalizers_hold_for_ever() -> None:
    with Emulator("--generation", "v1.4", "--import-seconds", "0", "--deletion-seconds", "0.5") as emulator:
        client = Client(emulator)
        client.create("datavolumes", volume("disk"))
        client.get("datavolumes", "disk")
        client.delete("datavolumes", "disk")
        assert "deletionTimestamp" in client.get("datavolumes", "disk")["metadata"]
        assert client.refused(client.create, "datavolumes", volume("disk"))[0] in ("already_exists", "invalid_argument")
        until(lambda: not client.names("datavolumes") and not client.names("persistentvolumeclaims"))
        held = service("held")
        held["metadata"]["finalizers"] = ["example.com/held"]
        client.create("services", held)
        client.delete("services", "held")
        present = client.get("services", "held")
        assert client.delete("services", "held") == {} and client.get("services", "held") == present
        present["metadata"]["finalizers"] = []
        client.update("services", present)
        assert client.refused(client.get, "services", "held")[0] == "not_found"


def test_volumes_are_collected_after_success_where_that_is_on_and_their_claims_stay() -> None:
    settings = ("--set", "collected=true", "--set", "claims=filesystem_gib", "--import-seconds", "0")
    with Emulator("--generation", "v1.4", *settings) as emulator:
        client = Client(emulator)
        client.create("datavolumes", volume("disk", size="10Gi"))
        assert client.refused(client.get, "datavolumes", "disk")[0] == "not_found"
        claim = client.get("persistentvolumeclaims", "disk")
        assert claim["metadata"]["annotations"]["cdi.kubevirt.io/garbageCollected"] == "true"
        assert "ownerReferences" not in claim["metadata"] and claim["status"]["capacity"] == {"storage": "11Gi"}
