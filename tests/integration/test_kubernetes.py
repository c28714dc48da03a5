# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Reads of Kubernetes by kubeconfig: what proves an absence, what a user is told of a bad kubeconfig, and that secrets
stay secret and tasks end.

Each case is an item of a loop, with a kubeconfig of its own. All of them run in the controller's process, the first few
of each loop as modules too. The OtterScale behind them lists nothing, so that everything is asked of Kubernetes.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import trustme

from emulator.process import Emulator
from tests.integration.http_server import Script, Serve, drip, reply, silence, stream
from tests.integration.playbook import MODULE, Result, Run
from tests.integration.test_in_process import RESOURCES, SERVICE, VOLUME, play, wrapper

ARGUMENTS = ("--generation", "blind")
TOKEN = "otterscale-token-that-must-not-leak"
SECRET = "kubernetes-token-that-must-not-leak"
HOSTS = ("blind", "blind" + MODULE)
MIB = 1024 * 1024
WEB = {"name": "web", "namespace": "default"}
ROOT = {"name": "root", "namespace": "default"}


@pytest.fixture
def otterscale(emulator: Emulator) -> Emulator:
    """It has a service and a volume, and lists neither."""
    emulator.put("service", **WEB, ports=[{"port": 80, "target_port": "8080", "protocol": "TCP", "node_port": 30080}])
    emulator.put("data_volume", **ROOT, size_bytes=1 << 30, forced_phase="Pending")
    return emulator


def kubeconfig(path: Path, server: Any, user: Any = None, **cluster: Any) -> str:
    config = {
        "current-context": "demo",
        "contexts": [{"name": "demo", "context": {"cluster": "demo", "user": "demo"}}],
        "clusters": [{"name": "demo", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "demo", "user": {"token": SECRET} if user is None else user}],
    }
    path.write_text(json.dumps(config))
    return str(path)


def run(tmp_path: Path, otterscale: Emulator, *tasks: Mapping[str, Any], hosts: tuple[str, ...] = HOSTS) -> Run:
    """The tasks, each a loop over its items; the first two of these run as modules too."""
    common = {"loop": "{{ items if otterscale_in_process else items[:2] }}", "ignore_errors": True}
    loops = []
    for task in tasks:
        keywords = {**task, **common, "vars": {"items": task["items"]}}
        loops.append({key: value for key, value in keywords.items() if key != "items"})
    done = play(tmp_path, dict.fromkeys(hosts, otterscale), *loops)
    assert TOKEN not in done.output and SECRET not in done.output
    assert "Traceback (most recent call last)" not in done.output and "ERROR:root" not in done.output
    return done


def item(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = result.values["item"]
    return found


# What an answer proves


def status(code: int = 404, reason: str = "NotFound", message: str = "no", **details: Any) -> dict[str, Any]:
    return {
        **{"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"},
        **{"code": code, "reason": reason, "message": message, "details": details},
    }


def service(**members: Any) -> dict[str, Any]:
    return {
        **{"kind": "Service", "apiVersion": "v1", "metadata": WEB},
        "spec": {"type": "NodePort", "clusterIP": "10.0.0.1", "ports": [{"port": 80, "targetPort": 8080}]},
        **members,
    }


def answer(document: Any, code: int = 200, content_type: str = "application/json", **headers: Any) -> bytes:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return reply(body, code, content_type, **headers)


def ports(*items: Any, **spec: Any) -> bytes:
    return answer(service(spec={"type": "NodePort", "clusterIP": "10.0.0.1", "ports": list(items), **spec}))


GONE = {"name": "web", "kind": "services"}
PAGE = b"<html><h1>404 Not Found</h1></html>"
# Answers to the question whether service `web` is there, each with the code and words of the failure that it must be.
UNPROVEN: dict[str, tuple[Script, str, str]] = {
    "a page": (answer(PAGE, 404, "text/html"), "unimplemented", "not the Kubernetes API"),
    "an empty object": (answer({}), "internal", "'kind' is None, not 'Service'"),
    "no page": (answer(b"", 404, "text/plain"), "unimplemented", "not the Kubernetes API"),
    "JSON of another API": (answer({"detail": "Not Found"}, 404), "unimplemented", "not the Kubernetes API"),
    "no such kind": (answer(status(message="the server could not find the requested resource"), 404),
                     "unimplemented", "has no services of v1: the server could not find"),
    "another name": (answer(status(name="web2", kind="services"), 404), "unimplemented", "has no services"),
    "another kind": (answer(status(name="web", kind="pods"), 404), "unimplemented", "has no services"),
    "another group": (answer(status(**GONE, group="apps"), 404), "unimplemented", "has no services"),
    "another reason": (answer(status(reason="Gone", **GONE), 404), "unimplemented", "has no services"),
    "another version": (answer({**status(**GONE), "apiVersion": "v2"}, 404), "unimplemented", "not the Kubernetes API"),
    "a proof as page": (answer(status(**GONE), 404, "text/html"), "unimplemented", "not the Kubernetes API"),
    "a proof with 410": (answer(status(**GONE), 410), "unknown", "no"),
    "a proof with 200": (answer(status(**GONE)), "internal", "'kind' is 'Status', not 'Service'"),
    "null": (answer(None), "internal", "a JSON object was expected"),
    "a list": (answer([]), "internal", "a JSON object was expected"),
    "a list of services": (answer({"kind": "ServiceList", "apiVersion": "v1", "items": []}), "internal", "'kind'"),
    "not for us": (answer(service(metadata={"name": "other", "namespace": "default"})), "internal", "'metadata.name'"),
    "elsewhere": (answer(service(metadata={"name": "web", "namespace": "b"})), "internal", "'metadata.namespace'"),
    "another version of it": (answer(service(apiVersion="v2")), "internal", "'apiVersion' is 'v2'"),
    "no metadata": (answer(service(metadata=[])), "internal", "'metadata.name' is None"),
    "a log-in page": (answer(b"<html>Log in</html>", 200, "text/html"), "internal", "it is text/html"),
    "no JSON": (answer(b"{"), "internal", "no JSON"),
    "a bad request": (answer(status(400, "BadRequest"), 400), "invalid_argument", "no"),
    "no right": (answer(status(403, "Forbidden", 'services "web" is forbidden'), 403),
                 "permission_denied", 'services "web" is forbidden'),
    "not now": (answer(status(429, "TooManyRequests"), 429, Retry_After=3600), "resource_exhausted", "no"),
    "broken": (answer(status(500, "InternalError", "etcd\x1b[31m fell over"), 500), "internal", "etcd [31m fell over"),
    "away": (answer(b"<h1>away</h1>", 503, "text/html", Retry_After=3600), "unavailable", "not the Kubernetes API"),
    "late": (answer(status(504, "Timeout"), 504), "deadline_exceeded", "no"),
    "redirected": (answer(b"", 302, "text/html", Location="https://login.test/"), "unknown", "https://login.test/"),
    "no spec": (answer(service(spec=None)), "internal", "'ports' is empty"),
    "no ports": (ports(), "internal", "'ports' is empty"),
    "ports of another type": (answer(service(spec={"ports": "80"})), "internal", "'ports' should be an array"),
    "a port of text": (ports({"port": "80"}), "internal", "'port' should be an integer"),
    "a port of a half": (ports({"port": 80.5}), "internal", "'port' should be an integer"),
    "port true": (ports({"port": True}), "internal", "'port' should be an integer"),
    "a port without number": (ports({"name": "http"}), "internal", "'port' should be from 1 to 65535"),
    "a port out of range": (ports({"port": 70000}), "internal", "'port' should be from 1 to 65535"),
    "a target of an object": (ports({"port": 80, "targetPort": {}}), "internal", "'targetPort' should be"),
    "a target true": (ports({"port": 80, "targetPort": True}), "internal", "'targetPort' should be"),
    "a node port of text": (ports({"port": 80, "nodePort": "x"}), "internal", "'nodePort' should be an integer"),
    "a selector of text": (ports({"port": 80}, selector="web"), "internal", "'selector' should be an object"),
}  # fmt: skip


def test_only_the_api_itself_proves_an_absence(otterscale: Emulator, tmp_path: Path, serve: Serve) -> None:
    items = [
        {"case": case, "kubeconfig": kubeconfig(tmp_path / f"{number}.yml", serve(script).url)}
        for number, (case, (script, _code, _words)) in enumerate(UNPROVEN.items())
    ]
    given = {**WEB, "kubeconfig": "{{ item.kubeconfig }}", "retries": 0}
    done = run(
        tmp_path,
        otterscale,
        {SERVICE: {**given, "state": "absent"}, "items": items},
        {SERVICE: {**given, "virtual_machine": "web", "ports": [{"port": 81}]}, "items": items},
    )
    assert len(done.results) == 2 * len(UNPROVEN) + 4
    for result in done.results:
        values, (_script, code, words) = result.values, UNPROVEN[item(result)["case"]]
        assert values["failed"] and not values["changed"], result.label
        assert values["operations"] == [], result.label
        assert (values["error"]["code"], values["error"]["rpc"]) == (code, "Kubernetes GET"), result.label
        assert words in values["msg"] and "\x1b" not in values["msg"], values["msg"]
        assert len(values["msg"]) < 900, values["msg"]
    assert not any(call["write"] for host in HOSTS for call in done.calls[host])


def test_a_proof_counts_and_an_object_is_compared(otterscale: Emulator, tmp_path: Path, serve: Serve) -> None:
    bare = {key: value for key, value in service().items() if key != "spec"}
    true = {
        "gone": answer(status(**GONE), 404),
        "gone, of a group": answer(status(**GONE, group=""), 404, "application/json; charset=utf-8"),
        "external": answer({**bare, "spec": {"type": "ExternalName", "externalName": "elsewhere.test"}}),
        "headless": answer({**bare, "spec": {"clusterIP": "None", "selector": {"app": "x"}}}),
        "named target": ports({"port": 80, "targetPort": "http", "nodePort": 30080, "name": "http"}),
    }
    items = [
        {"case": case, "kubeconfig": kubeconfig(tmp_path / f"{number}.yml", serve(script).url)}
        for number, (case, script) in enumerate(true.items())
    ]
    given = {**WEB, "kubeconfig": "{{ item.kubeconfig }}", "state": "absent"}
    done = run(tmp_path, otterscale, {SERVICE: given, "check_mode": True, "items": items}, hosts=HOSTS[:1])
    changed = {item(result)["case"]: result.values["changed"] for result in done.results}
    assert changed == {case: not case.startswith("gone") for case in true}
    assert not [result.label for result in done.results if result.values.get("warnings")]


def volume(storage: Any, form: str = "storage") -> dict[str, Any]:
    return {
        **{"kind": "DataVolume", "apiVersion": "cdi.kubevirt.io/v1beta1", "metadata": ROOT},
        "spec": {"source": {"blank": {}}, form: {"resources": {"requests": {"storage": storage}}}},
    }


def claim(storage: Any) -> bytes:
    found = {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "metadata": ROOT}
    return answer({**found, "status": {"capacity": {"storage": storage}}})


NO_VOLUME = {"name": "root", "kind": "datavolumes", "group": "cdi.kubevirt.io"}
NO_CLAIM = answer(status(name="root", kind="persistentvolumeclaims"), 404)
# What is answered about the volume and then about its claim, and how a task fails then, None where it does not.
VOLUMES: dict[str, tuple[list[Script], str | None]] = {
    "a page for the claim": ([answer(volume("1Gi")), answer(PAGE, 404, "text/html")], "unimplemented"),
    "the volume for the claim": ([answer(volume("1Gi")), answer(volume("1Gi"))], "internal"),
    "CDI is missing": ([answer(b"404 page not found\n", 404, "text/plain")], "unimplemented"),
    "another group": ([answer(status(**{**NO_VOLUME, "group": "test"}), 404)], "unimplemented"),
    "no spec": ([answer({**volume("1Gi"), "spec": {}}), NO_CLAIM], "internal"),
    "a size that is none": ([answer(volume("x")), NO_CLAIM], "internal"),
    "a size of another type": ([answer(volume(True)), NO_CLAIM], "internal"),
    "a capacity that is none": ([answer(volume("1Gi")), claim("much")], "internal"),
    "gone": ([answer(status(**NO_VOLUME), 404)], None),
    "no claim yet": ([answer(volume("1Gi")), NO_CLAIM], None),
    "there": ([answer(volume("1Gi")), claim("1Gi")], None),
    "a size in bytes": ([answer(volume(1 << 30, "pvc")), NO_CLAIM], None),
}


def test_a_volume_is_read_as_strictly_as_a_service(otterscale: Emulator, tmp_path: Path, serve: Serve) -> None:
    items = [
        {"case": case, "kubeconfig": kubeconfig(tmp_path / f"{number}.yml", serve(*scripts).url)}
        for number, (case, (scripts, _code)) in enumerate(VOLUMES.items())
    ]
    given = {**ROOT, "kubeconfig": "{{ item.kubeconfig }}", "size": "1Gi", "source": {"type": "blank_image"}}
    done = run(tmp_path, otterscale, {VOLUME: given, "check_mode": True, "items": items}, hosts=HOSTS[:1])
    for result in done.results:
        code = VOLUMES[item(result)["case"]][1]
        assert result.values.get("error", {}).get("code") == code, result.values
        assert result.values["changed"] is (item(result)["case"] == "gone"), result.label


# Kubeconfigs


def unusable(tmp_path: Path, url: str) -> dict[str, tuple[str, str]]:
    """Kubeconfigs by what is wrong with them, each with words that say so."""
    secure = url.replace("http:", "https:")
    good = json.loads(Path(kubeconfig(tmp_path / "good.yml", url)).read_text())
    garbage = base64.b64encode(b"this is no PEM " + SECRET.encode()).decode()

    def file(name: str, content: Any) -> str:
        path = tmp_path / f"{name}.yml"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return str(path)

    def of(name: str, *given: Any, **cluster: Any) -> str:
        return kubeconfig(tmp_path / f"{name}.yml", *given, **cluster)

    return {
        "no YAML": (file("broken", f"users: [{SECRET}\n  token: }}{{".encode()), "YAML (see line 2)"),
        "server 5": (of("server-5", 5), "no URL as 'server'"),
        "two documents": (file("two", b"{}\n---\n{}\n"), "one document of plain YAML"),
        "a list": (file("list", [good]), "no mapping"),
        "a text": (file("text", SECRET), "no mapping"),
        "an unknown tag": (file("tag", f"token: !{SECRET} x\n".encode()), "YAML (see line 1)"),
        "empty": (file("empty", b""), "it is empty"),
        "missing": (str(tmp_path / "missing"), "there is no such file"),
        "a directory": (str(tmp_path), "directory"),
        # Nobody can read it, whoever runs this.
        "unreadable": ("/proc/self/mem", "option 'kubeconfig' is '/proc/self/mem': "),
        "binary": (file("binary", bytes(range(256))), "YAML"),
        "not UTF-8": (file("latin", "users: [\xe4]".encode("latin-1")), "YAML"),
        "unknown context": (file("context", {**good, "current-context": "prod"}), "no context 'prod'"),
        "no current context": (file("no-context", {**good, "current-context": None}), "give 'context'"),
        "no contexts": (file("no-contexts", {"current-context": "demo"}), "no context 'demo'"),
        "contexts of another type": (file("contexts", {**good, "contexts": {"demo": SECRET}}), "no kubeconfig"),
        "unknown cluster": (file("cluster", {**good, "clusters": None}), "no cluster 'demo'"),
        "unknown user": (file("user", {**good, "users": []}), "no user 'demo'"),
        "two users": (file("users", {**good, "users": good["users"] * 2}), "more than one user 'demo'"),
        "a user of text": (of("user-text", url, SECRET), "no user 'demo'"),
        "no server": (file("no-server", {**good, "clusters": [{"name": "demo", "cluster": {}}]}), "no URL as 'server'"),
        "no usable server": (of("server", "http://a..b"), "no usable URL as 'server'"),
        "a password of numbers": (of("password", url, {"username": "me", "password": 5}), "no kubeconfig"),
        "a CA that is no base64": (of("ca", secure, **{"certificate-authority-data": "%%%"}), "is no base64"),
        "a CA that is no PEM": (of("pem", secure, **{"certificate-authority-data": garbage}), "cannot be used"),
        "a certificate that is no PEM": (of("cert", secure, pair(garbage, garbage)), "cannot be used"),
        "a key that is no base64": (of("key", url, pair(garbage, SECRET)), "'client-key-data' is no base64"),
        "no file of the CA": (of("ca-file", url, **{"certificate-authority": "ca.pem"}), "'certificate-authority'"),
        "no file of the token": (of("token-file", url, {"tokenFile": SECRET}), "'tokenFile' does not exist"),
        "a token of two lines": (of("token", url, {"token": f"{SECRET}\nx"}), "no HTTP header can carry"),
        "a token of other letters": (of("letters", url, {"token": f"{SECRET}\xfc"}), "no HTTP header can carry"),
    }


def pair(certificate: str, key: str) -> dict[str, str]:
    return {"client-certificate-data": certificate, "client-key-data": key}


def test_an_unusable_kubeconfig_is_named(otterscale: Emulator, tmp_path: Path, serve: Serve) -> None:
    server = serve(reply())
    cases = unusable(tmp_path, server.url)
    items = [{"case": case, "kubeconfig": path} for case, (path, _words) in cases.items()]
    given = {**WEB, "kubeconfig": "{{ item.kubeconfig }}", "state": "absent"}
    done = run(
        tmp_path,
        otterscale,
        {SERVICE: given, "items": items},
        {VOLUME: {**ROOT, "state": "absent", "kubeconfig": "{{ item.kubeconfig }}"}, "items": items[:2]},
    )
    assert len(done.results) == len(cases) + 6
    for result in done.results:
        path, words = cases[item(result)["case"]]
        values = result.values
        assert values["failed"] and not values["changed"], result.label
        assert (values["error"]["code"], values["error"]["rpc"]) == ("client", None), values
        assert f"option 'kubeconfig' is {path!r}: " in values["msg"] and words in values["msg"], values["msg"]
    assert server.connections == 0
    assert not any(call["write"] for host in HOSTS for call in done.calls[host])


def test_a_declaration_names_the_kubeconfig_too(otterscale: Emulator, tmp_path: Path) -> None:
    (tmp_path / "list.yml").write_text("[]")
    entry = {"state": "absent", "kubeconfig": str(tmp_path / "list.yml")}
    declared = {"vm_services": [{**WEB, **entry}], "datavolumes": [{**ROOT, **entry}]}
    done = play(tmp_path, {HOSTS[0]: otterscale}, {RESOURCES: declared, "ignore_errors": True})
    told = done.results[0].values["results"]
    assert [result["error"]["code"] for result in told] == ["client", "client"]
    assert all("option 'kubeconfig' is " in result["msg"] for result in told) and not done.writes(HOSTS[0])


def test_a_context_may_be_chosen(otterscale: Emulator, tmp_path: Path, serve: Serve) -> None:
    path = kubeconfig(tmp_path / "two.yml", serve(answer(status(**GONE), 404)).url)
    items = [{"context": "demo", "ok": True}, {"context": "prod", "ok": False}, {"context": "", "ok": True}]
    given = {**WEB, "kubeconfig": path, "context": "{{ item.context }}", "state": "absent"}
    done = run(tmp_path, otterscale, {SERVICE: given, "items": items}, hosts=HOSTS[:1])
    for result in done.results:
        assert result.values["failed"] is not item(result)["ok"], result.values
        assert item(result)["ok"] or "no context 'prod'" in result.values["msg"]


def test_certificates_are_those_of_the_kubeconfig(otterscale: Emulator, tmp_path: Path) -> None:
    ca = trustme.CA()
    server, me = ca.issue_cert("127.0.0.1"), ca.issue_cert("me@example.com")
    for name, blob in {"cert": server.cert_chain_pems[0], "key": server.private_key_pem}.items():
        blob.write_to_path(str(tmp_path / f"{name}.pem"))

    def data(blob: Any) -> str:
        return base64.b64encode(blob.bytes()).decode()

    trusted = {"certificate-authority-data": data(ca.cert_pem)}
    client = pair(data(me.cert_chain_pems[0]), data(me.private_key_pem))
    tls = ("--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem"))
    with Emulator("--generation", "blind", *tls, token=SECRET) as cluster:
        url = f"{cluster.url}/kubernetes/demo"
        items = [
            kubeconfig(tmp_path / "trusted.yml", url, **trusted),
            kubeconfig(tmp_path / "client.yml", url, {"token": SECRET, **client}, **trusted),
            kubeconfig(tmp_path / "insecure.yml", url, **{"insecure-skip-tls-verify": True}),
            kubeconfig(tmp_path / "untrusted.yml", url),
        ]
        given = {**WEB, "kubeconfig": "{{ item }}", "state": "absent"}
        done = run(tmp_path, otterscale, {SERVICE: given, "items": items}, hosts=HOSTS[:1])
    assert [result.values["failed"] for result in done.results] == [False, False, False, True]
    error = done.results[3].values["error"]
    assert error["code"] == "unavailable" and "certificate" in error["message"]
    assert "InsecureRequestWarning" not in done.output


# Secrets


def plugin(path: Path, *lines: str) -> dict[str, Any]:
    """A user whose credentials come from an exec plugin."""
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": wrapper(path, *lines)}}


def credentials(**given: str) -> str:
    text = json.dumps({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": given})
    return f"echo '{text}'"


def test_a_token_may_end_with_a_newline(otterscale: Emulator, tmp_path: Path, serve: Serve) -> None:
    server = serve(answer(status(**GONE), 404))
    (tmp_path / "token").write_text(f"{SECRET}\n")
    users: list[dict[str, Any]] = [
        {"token": f"{SECRET}\n"},
        {"tokenFile": "token"},
        {"token": f"{SECRET}\r\n  "},
        plugin(tmp_path / "plugin", credentials(token=f"{SECRET}\\n")),
    ]
    items = [kubeconfig(tmp_path / f"{number}.yml", server.url, user) for number, user in enumerate(users)]
    done = run(tmp_path, otterscale, {SERVICE: {**WEB, "kubeconfig": "{{ item }}", "state": "absent"}, "items": items})
    assert [result.values["failed"] for result in done.results] == [False] * (len(users) + 2)
    sent = [value for request in server.requests for name, value in request.headers.items() if name == "authorization"]
    assert sent == [f"Bearer {SECRET}"] * (len(users) + 2)


def test_what_knows_a_secret_cannot_make_a_task_show_it(otterscale: Emulator, tmp_path: Path, serve: Serve) -> None:
    basic = base64.b64encode(f"me:{SECRET}".encode()).decode()
    items = []
    for scheme, credential, user in (
        ("Bearer", SECRET, {"token": SECRET}),
        ("Basic", basic, {"username": "me", "password": SECRET}),
    ):
        echoes = [
            answer(status(403, "Forbidden", f"'{scheme} {credential}' may not"), 403),
            answer(f"<p>Authorization: {scheme} {credential}</p>".encode(), 404, "text/html"),
            answer({"kind": f"{scheme} {credential}"}),
            ports({"port": 80, "targetPort": {"seen": credential}}),
            ports({"port": 80, "name": SECRET}, type=f"{scheme} {credential}", clusterIP=credential),
            answer(f'"{credential}"'.encode()),
            answer(b"", 302, Location=f"https://login.test/?token={credential}"),
        ]
        for number, echo in enumerate(echoes):
            items.append(kubeconfig(tmp_path / f"{scheme}-{number}.yml", serve(echo).url, user))
    exec_of = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(tmp_path / SECRET)}}
    gcp = {"cmd-path": wrapper(tmp_path / "gcp", f"echo '{SECRET}' >&2; false")}
    told = [
        plugin(tmp_path / "fails", f"echo '{SECRET} is of yesterday' >&2", "exit 1"),
        plugin(tmp_path / "babbles", f"echo '{SECRET}'"),
        plugin(tmp_path / "other", f'echo \'{{"kind": "{SECRET}"}}\''),
        exec_of,
        {"auth-provider": {"name": "oidc", "config": {"id-token": f"={SECRET}"}}},
        {"auth-provider": {"name": "gcp", "config": gcp}},
    ]
    unreached = serve(reply())
    without = [kubeconfig(tmp_path / f"without-{number}.yml", unreached.url, user) for number, user in enumerate(told)]
    proxied = kubeconfig(tmp_path / "proxied.yml", "http://k.test", **{"proxy-url": f"http://me:{SECRET}@127.0.0.1:1"})
    given = {**WEB, "kubeconfig": "{{ item }}", "retries": 0}
    done = run(
        tmp_path,
        otterscale,
        {SERVICE: {**given, "state": "absent"}, "items": [*without, *items, proxied], "check_mode": True},
        {SERVICE: {**given, "virtual_machine": "web", "ports": [{"port": 80}]}, "items": items, "check_mode": True},
    )
    assert basic not in done.output
    codes = {str(item(result)): result.values.get("error", {}).get("code") for result in done.results}
    assert [codes[path] for path in without[:5]] == ["unauthenticated"] * 5
    assert codes[without[5]] in ("unauthenticated", "client") and codes[proxied] == "unavailable"
    assert unreached.connections == 0
    shown = [result.values["vm_service"] for result in done.results if result.values.get("vm_service")]
    assert shown and {each["type"] for each in shown} == {each["cluster_ip"] for each in shown} == {"********"}


# Time and size


def test_timeout_bounds_all_of_a_read(otterscale: Emulator, tmp_path: Path, serve: Serve) -> None:
    sent = 0

    def megabytes() -> Iterator[bytes]:
        nonlocal sent
        for _number in range(150):
            sent += 1
            yield b" " * MIB

    slow = wrapper(tmp_path / "slow", "exec sleep 45")
    head = answer(service())
    scripts: dict[str, tuple[Script, str]] = {
        "sleeping plugin": (silence, "deadline_exceeded"),
        "silence": (silence, "deadline_exceeded"),
        "dripping answer": (stream(drip(head + b" " * 1000), every=0.05), "deadline_exceeded"),
        "dripping page": (stream(answer(PAGE, 404, Content_Length=999), [b" "] * 900, every=0.05), "deadline_exceeded"),
        "150 MiB": (stream(reply(b"", Content_Length=150 * MIB), megabytes()), "resource_exhausted"),
    }  # fmt: skip
    items = []
    for number, (case, (script, _code)) in enumerate(scripts.items()):
        user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": slow}} if number == 0 else None
        path = kubeconfig(tmp_path / f"{number}.yml", serve(script).url, user)
        items.append({"case": case, "kubeconfig": path, "timeout": 20 if case == "150 MiB" else 1})
    given = {**WEB, "kubeconfig": "{{ item.kubeconfig }}", "timeout": "{{ item.timeout }}", "retries": 0}
    began = time.monotonic()
    done = run(tmp_path, otterscale, {SERVICE: {**given, "state": "absent"}, "items": items})
    assert time.monotonic() - began < 40
    for result in done.results:
        code = scripts[item(result)["case"]][1]
        assert result.values["failed"] and result.values["error"]["code"] == code, result.values
        assert "Service default/web" in result.values["msg"]
        assert ("exec plugin" in result.values["msg"]) is (code == "deadline_exceeded")
    assert 64 <= sent < 100  # nobody can have held more than that


def test_credentials_are_asked_for_once_and_again_when_they_have_expired(
    otterscale: Emulator, tmp_path: Path, serve: Serve
) -> None:
    gone, expired = answer(status(**GONE), 404), answer(status(401, "Unauthorized", "Unauthorized"), 401)
    server, asked = serve(gone, gone, expired, gone, expired), tmp_path / "asked"
    user = plugin(tmp_path / "plugin", f"echo >> {asked}", credentials(token=SECRET))
    path = kubeconfig(tmp_path / "config.yml", server.url, user)
    task = {SERVICE: {**WEB, "kubeconfig": path, "state": "absent"}, "loop": [1, 2, 3, 4], "ignore_errors": True}
    done = play(tmp_path, {HOSTS[0]: otterscale}, task)
    assert [result.values["failed"] for result in done.results] == [False, False, False, True]
    assert done.results[3].values["error"]["code"] == "unauthenticated"
    assert len(server.requests) == 6 and asked.read_text() == "\n" * 3
