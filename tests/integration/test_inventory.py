# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The inventory plugin, through ansible-inventory and ansible-playbook: the server's journal counts what it reads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.connection import CONNECTION_SPEC

from emulator.process import Emulator

from .http_server import Serve
from .oidc_server import CLIENT_ID, CLIENT_SECRET, OidcServer
from .test_in_process import VAULTED

TOKEN = "inventory-token-that-must-not-leak"
HOSTS = ["db.default", "web.default"]  # those of a new server
PLUGIN = {"plugin": "otterscale.core.otterscale"}


@pytest.fixture(scope="module")
def started() -> Iterator[Emulator]:
    with Emulator(token=TOKEN) as emulator:
        yield emulator


@pytest.fixture
def server(started: Emulator, environment: pytest.MonkeyPatch) -> Emulator:
    """A server with the connection to it in the environment."""
    started.clear_faults()
    started.reset(journal=True)
    for name, value in (("API_URL", started.url), ("API_TOKEN", TOKEN), ("SCOPE", "demo")):
        environment.setenv(f"OTTERSCALE_{name}", value)
    return started


def source(folder: Path, name: str = "test", /, **options: Any) -> Path:
    file = folder / f"{name}.otterscale.yml"
    file.write_text(yaml.safe_dump({**PLUGIN, **options}, sort_keys=False))
    return file


def ansible(program: str, *arguments: str | Path, good: bool = True, **variables: str) -> str:
    """What a program of Ansible prints. It must do it without a warning, or (good=False) may complain."""
    environment = {**os.environ, "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true", **variables}
    done = subprocess.run([program, *map(str, arguments)], env=environment, capture_output=True, text=True, check=False)
    shown = done.stdout + done.stderr
    assert TOKEN not in shown
    if good:
        assert done.returncode == 0 and not done.stderr, shown
    return done.stdout if good else without_spaces(shown)


def without_spaces(text: str) -> str:
    """Some versions of ansible-core break the lines of warnings, also behind hyphens."""
    return "".join(text.split())


def listed(*files: Path, **variables: str) -> dict[str, Any]:
    arguments = [argument for file in files for argument in ("-i", file)]
    found: dict[str, Any] = json.loads(ansible("ansible-inventory", *arguments, "--list", "--export", **variables))
    return found


def hostvars(*files: Path, **variables: str) -> dict[str, Any]:
    found: dict[str, Any] = listed(*files, **variables)["_meta"]["hostvars"]
    return found


def calls(server: Emulator, since: int = 0) -> list[str]:
    """The namespaces that were asked for."""
    return [call["request"]["namespace"] for call in server.journal(since)["calls"]]


# Hosts, variables and groups


def test_machines_become_hosts_in_groups(server: Emulator, tmp_path: Path) -> None:
    server.put("virtual_machine", namespace="default", name="db", status="Stopped")
    server.put("virtual_machine", namespace="shop", name="web", instance_type="large", ip_address="10.244.7.1")
    server.put("virtual_machine", namespace="lab", name="web", status="Paused")
    port = {"port": 80, "node_port": 30080, "name": "http", "protocol": "TCP", "target_port": "8080"}
    label = {"otterscale.com/virtual-machine.name": "web"}
    server.put("service", namespace="shop", name="web", ports=[port], labels=label, created_at=0.0)
    every = source(
        tmp_path,
        compose={"node": "otterscale_vm.hostname", "sizes": "[otterscale_vm.instance_type.memory_bytes // 1024 ** 3]"},
        groups={"web": "otterscale_vm.name is match('web')", "unknown": "otterscale_vm.colour == 'blue'"},
        keyed_groups=[
            {"key": "otterscale_vm.status", "prefix": "status", "parent_group": "by_status"},
            {"key": "otterscale_vm.namespace", "separator": ""},
        ],
    )
    assert ansible("ansible-inventory", "-i", every, "--graph") == (
        "@all:\n"
        "  |--@ungrouped:\n"
        "  |--@web:\n"
        "  |  |--web.default\n"
        "  |  |--web.shop\n"
        "  |  |--web.lab\n"
        "  |--@by_status:\n"
        "  |  |--@status_Running:\n"
        "  |  |  |--web.default\n"
        "  |  |  |--web.shop\n"
        "  |  |--@status_Stopped:\n"
        "  |  |  |--db.default\n"
        "  |  |--@status_Paused:\n"
        "  |  |  |--web.lab\n"
        "  |--@default:\n"
        "  |  |--web.default\n"
        "  |  |--db.default\n"
        "  |--@shop:\n"
        "  |  |--web.shop\n"
        "  |--@lab:\n"
        "  |  |--web.lab\n"
    )
    some = source(
        tmp_path,
        "some",
        namespaces=["shop", "default", "empty"],
        filters=["otterscale_vm.status == 'Running'", "'7.1' in ansible_host and inventory_hostname is match('web')"],
        strict=True,
    )
    assert list(hostvars(some)) == ["web.shop"]
    found = hostvars(every)["web.shop"]
    assert calls(server) == ["", "shop", "default", "empty", ""]
    machine = found.pop("otterscale_vm")
    assert found == {"ansible_host": "10.244.7.1", "node": "node-1", "sizes": [8]}
    assert (machine["status"], machine["ready"], machine["ip_addresses"]) == ("Running", True, ["10.244.7.1"])
    assert machine["instance_type"]["cpu_cores"] == 4
    (service,) = machine["services"]
    assert service["ports"] == [port]
    assert (service["virtual_machine"], service["created_at"]) == ("web", "1970-01-01T00:00:00Z")


# Texts of the server

HOSTILE = {
    "status": "{{ 6 * 7 }}",
    "instancePhase": "{% if true %}changed{% endif %}",
    "machineId": "#jinja2: variable_start_string:'[[', variable_end_string:']]'\n[[ 6 * 7 ]]",
    "hostname": "\x1b]0;owned\x07\r\nok: [all is well] {# gone #}",
}
FRIENDLY = {
    "status": 'it\'s 100 % "plain" {text} \\n with $VARIABLES, [lists] and é',
    "instancePhase": "\x1b[31mred\x9b2J\u202e\r\n",
    "machineId": "x" * 1_000_000,
    "hostname": "0123",
}


def test_a_text_of_the_server_is_never_a_template_and_stays_as_it_is(server: Emulator, tmp_path: Path) -> None:
    """As AWX keeps it, after compose, and in a play on the hosts."""
    common = {"namespace": "default", "createdAt": f"echoed {TOKEN}"}
    machines = [{"name": "hostile", **HOSTILE, **common}, {"name": "friendly", **FRIENDLY, **common}]
    answer = {"rpc": "*", "kind": "answer", "body": json.dumps({"virtualMachines": machines}), "count": 2}
    server.add_faults(answer)
    names = {"status": "status", "instancePhase": "instance_phase", "machineId": "machine_id", "hostname": "hostname"}
    compose = {f"own_{name}": f"otterscale_vm.{name}" for name in names.values()}
    compose |= {"joined": "otterscale_vm.status ~ '!'", "nested": "[{'one': otterscale_vm.status}]"}
    file = source(tmp_path, compose=compose, strict=True)

    found = hostvars(file)
    for host, texts in (("hostile.default", HOSTILE), ("friendly.default", FRIENDLY)):
        assert found[host]["otterscale_vm"]["created_at"] == "echoed ********"
        for field, text in texts.items():
            kept = {"__ansible_unsafe": text} if texts is HOSTILE else text
            assert found[host]["otterscale_vm"][names[field]] == found[host][f"own_{names[field]}"] == kept
    assert found["friendly.default"]["joined"] == f"{FRIENDLY['status']}!"
    assert found["friendly.default"]["nested"] == [{"one": FRIENDLY["status"]}]
    assert found["hostile.default"]["nested"] == [{"one": {"__ansible_unsafe": HOSTILE["status"]}}]

    play = tmp_path / "play.yml"
    seen = {name: f"{{{{ {name} }}}}" for name in (*compose, "otterscale_vm")}
    task = {
        "ansible.builtin.copy": {"content": "{{ seen | to_json }}", "dest": f"{tmp_path}/{{{{ inventory_hostname }}}}"},
        "vars": {"seen": seen},
    }
    play.write_text(json.dumps([{"hosts": "all", "connection": "local", "gather_facts": False, "tasks": [task]}]))
    ansible("ansible-playbook", "-i", file, play, ANSIBLE_PYTHON_INTERPRETER=sys.executable)
    for host, texts in (("hostile.default", HOSTILE), ("friendly.default", FRIENDLY)):
        seen = json.loads((tmp_path / host).read_text())
        for field, text in texts.items():
            assert seen["otterscale_vm"][names[field]] == seen[f"own_{names[field]}"] == text
        assert seen["joined"] == f"{texts['status']}!"
        assert seen["nested"] == [{"one": texts["status"]}]


# The cache


def test_the_cache_is_kept_and_refreshed(server: Emulator, tmp_path: Path) -> None:
    cache = {"cache": True, "cache_plugin": "jsonfile", "cache_connection": str(tmp_path / "cache")}
    file = source(tmp_path, **cache, keyed_groups=[{"key": "otterscale_vm.status", "prefix": "vm"}])
    assert [len(hostvars(file)) for _time in range(2)] == [2, 2]
    server.put("virtual_machine", namespace="default", name="db", remove=True)
    before = hostvars(file)
    assert list(before) == HOSTS
    assert calls(server) == [""]

    # Everything but what was read applies anew; what tells what is read is part of what the cache is kept by.
    source(tmp_path, **cache, filters=["otterscale_vm.name == 'db'"], compose={"vm": "otterscale_vm.name"})
    assert hostvars(file) == {"db.default": {**before["db.default"], "vm": "db"}}
    assert hostvars(source(tmp_path, **cache, scope="demo", namespaces=["empty"])) == {}
    assert calls(server) == ["", "empty"]

    source(tmp_path, **cache)
    play = tmp_path / "play.yml"
    refresh = {"ansible.builtin.meta": "refresh_inventory"}
    play.write_text(json.dumps([{"hosts": "all", "connection": "local", "gather_facts": False, "tasks": [refresh]}]))
    ansible("ansible-playbook", "-i", file, play, "--flush-cache")
    assert calls(server) == ["", "empty", "", ""]  # one more for each
    assert list(hostvars(file)) == ["web.default"]
    assert calls(server) == ["", "empty", "", ""]
    assert TOKEN not in "".join(path.read_text() for path in (tmp_path / "cache").iterdir())

    source(tmp_path, **{**cache, "cache": False})
    assert [list(hostvars(file)) for _time in range(2)] == [["web.default"]] * 2
    assert calls(server) == ["", "empty", "", "", "", ""]


# The connection


def test_empty_variables_count_as_not_set_and_a_token_may_come_from_a_vault(
    server: Emulator, tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    for name in CONNECTION_SPEC:
        environment.setenv(f"OTTERSCALE_{name.upper()}", "")
    password = tmp_path / "password"
    password.write_text("vault-password")
    options = {"scope": "demo", "timeout": 7}
    assert list(hostvars(source(tmp_path, **options, api_url=server.url, api_token=TOKEN))) == HOSTS
    assert [call["headers"]["connect-timeout-ms"] for call in server.journal()["calls"]] == ["7000"]
    with Emulator(token="alice") as other:  # which is what is in the vault
        vaulted = source(tmp_path, "vaulted", **options, api_url=other.url)
        vaulted.write_text(f'{vaulted.read_text()}api_token: !vault "{VAULTED}"\n')
        assert list(hostvars(vaulted, ANSIBLE_VAULT_PASSWORD_FILE=str(password))) == HOSTS


def test_tokens_are_fetched_from_an_identity_provider(server: Emulator, tmp_path: Path) -> None:
    with OidcServer(server) as oidc:
        login = {"oidc_issuer_url": oidc.issuer, "oidc_client_id": CLIENT_ID, "oidc_client_secret": CLIENT_SECRET}
        found = hostvars(source(tmp_path, api_url=oidc.api_url, api_token="", namespaces=["default", "shop"], **login))
        assert list(found) == HOSTS
        assert (oidc.discoveries, oidc.fetches, calls(server)) == (1, 1, ["default", "shop"])


# Failures


def test_failures_say_what_happened_and_what_to_do(
    server: Emulator, serve: Serve, tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    environment.setenv("OTTERSCALE_VALIDATE_CERTS", "")
    environment.delenv("OTTERSCALE_API_URL")
    here = {"api_url": server.url, "api_token": TOKEN, "retries": 0}  # until a case says otherwise
    machine = {"name": "{{ 6 * 7 }}", "namespace": "default"}
    server.add_faults({"rpc": "*", "kind": "answer", "body": json.dumps({"virtualMachines": [machine]})})
    failed = "virtual machines: ListVirtualMachines failed"
    with Emulator("--tls-cert", str(certificate), "--tls-key", str(key)) as tls:
        cases: list[tuple[dict[str, Any], str]] = [
            ({}, f"{failed} [internal]: the answer makes no sense: the name of a virtual machine is '{{{{ 6 * 7 }}}}'"),
            ({"api_url": serve(listening=False).url}, ": Connection refused. Check 'api_url', the network"),
            ({"api_token": f"{TOKEN} not"}, f"{failed} [unauthenticated, HTTP 401]: "),
            ({"scope": "lab"}, "Check 'scope': this server has no scope 'lab'."),
            ({"api_url": tls.url}, "Set 'ca_path' (or REQUESTS_CA_BUNDLE) to the CA bundle"),
            ({"namespaces": ["Shop"]}, "virtual machines: option 'namespaces' is 'Shop': must be a DNS-1123 label"),
            ({"api_url": f"http://me:{TOKEN}@here"}, "virtual machines: option 'api_url' must not carry credentials"),
            ({"api_url": None}, "missing required arguments: api_url"),
            ({"timeout": "soon"}, "and we were unable to convert to float"),
            ({"name_spaces": ["shop"]}, "unsupported option 'name_spaces': check the spelling"),
            ({"filters": ["otterscale_vm.colour == 'blue'"]}, "'blue'\" fails for host web.default: "),
            ({"compose": {"x": "otterscale_vm.colour"}, "strict": True}, "Could not set x for host web.default"),
        ]
        every = [{**here, **options} for options, _text in cases]
        files = [source(tmp_path, f"case-{number}", **options) for number, options in enumerate(every)]
        arguments = [argument for file in files for argument in ("-i", file)]
        shown = ansible("ansible-inventory", *arguments, "--list", "-vvv", good=False)
    assert [text for _options, text in cases if without_spaces(text) not in shown] == []
