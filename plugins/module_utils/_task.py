# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""A task as both doors are given it: its options, the system that it connects to, and its work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from ._engine.inform import Information
from ._engine.outcome import Outcome, failure_message
from ._engine.reads import SharedReads, plan_from, plan_from_kept
from ._engine.reconcile import apply, plan
from ._engine.resource import Read, Resource
from ._engine.wait import Notify
from ._errors import ApiError, bad_option, checked

Params = Mapping[str, Any]
Hide = Callable[[Any], Any]


class Connection(NamedTuple):
    """An open connection.

    hide: the same text or JSON without the secrets of the connection. warnings: what the user should know of it.
    """

    reads: SharedReads
    hide: Hide
    warnings: tuple[str, ...] = ()


class System(NamedTuple):
    """What tasks connect to.

    options: argument spec of the connection. connect: raises a `client` ApiError for invalid options.
    hide: what Connection.hide does, before there is a connection. show: the options of a task as others may see them.
    libraries: what it needs of Python, each with the error of its import, if there was one.
    server: which server, and which part of it, results are about, without secrets; {} where they do not say.
    """

    options: Mapping[str, Any]
    connect: Callable[[Params], Connection]
    hide: Hide
    show: Callable[[Params], dict[str, Any]]
    libraries: Mapping[str, ImportError | None]
    server: Callable[[Params], dict[str, Any]]


class Context(NamedTuple):
    """How a task runs. connect: may give a connection that other tasks share. notify: shows the progress of a wait."""

    check: bool
    connect: Callable[[Params], Connection]
    notify: Notify | None = None


class Report(Protocol):
    """What a task says at its end."""

    warnings: list[str]
    error: ApiError | None

    def as_result(self, *, with_diff: bool) -> dict[str, Any]:
        """The result as playbooks see it, without `failed`."""


class Result(NamedTuple):
    """A report as playbooks may see it."""

    values: dict[str, Any]
    warnings: list[str]
    failed: bool


class Task(NamedTuple):
    """options: argument spec without the connection. work: from all options to the report; never raises ApiError."""

    options: Mapping[str, Any]
    system: System
    work: Callable[[Params, Context], Report]

    @property
    def argument_spec(self) -> dict[str, Any]:
        return {**self.system.options, **self.options}

    def run(self, params: Params, context: Context, *, with_diff: bool) -> Result:
        """Do the work. What a server repeats of the connection's secrets, in whatever field, is not in the result."""
        hide = self.system.hide

        def connect(params: Params) -> Connection:
            nonlocal hide
            connection = context.connect(params)
            hide = connection.hide
            return connection

        def notify(line: str) -> None:
            if context.notify:
                context.notify(hide(line))

        report = self.work(params, context._replace(connect=connect, notify=notify))
        values = report.as_result(with_diff=with_diff)
        if server := self.system.server(params):
            values["server"] = server
        values, warnings = hide((values, list(report.warnings)))
        return Result(values, warnings, report.error is not None)


def task_for(resource_type: type[Resource[Any]], system: System) -> Task:
    """The task of a module that manages one resource."""

    def work(params: Params, context: Context) -> Outcome:
        outcome = _work(resource_type, params, context)
        outcome.declared = resource_type.declared(params)
        return outcome

    return Task(resource_type.options, system, work)


def _work(resource_type: type[Resource[Any]], params: Params, context: Context) -> Outcome:
    """From the options of a task to its outcome; bad options are a failed outcome too."""
    try:
        connection = context.connect(params)
        resource = resource_type.from_params(params)
    except ApiError as error:
        return refused(resource_type, params, error)
    outcome = manage(resource, connection.reads, check=context.check, retries=params["retries"], notify=context.notify)
    outcome.warnings[:0] = connection.warnings
    return outcome


def manage(
    resource: Resource[Any], reads: SharedReads, *, check: bool, retries: int, notify: Notify | None = None
) -> Outcome:
    """By what was read before, for as long as that will do for what is planned from it; else by what is read now."""
    name = resource.title
    resource = reads.together(resource)
    if check:
        return plan(resource, reads.recent(name)).predicted()
    planned, reader = plan_from_kept(resource, reads, name) or plan_from(resource, reads.fresh(name))
    outcome = apply(planned, retries=retries, notify=notify)
    if outcome.error:
        reader.distrust()
    return outcome


def refused(resource_type: type[Resource[Any]], params: Params, error: ApiError) -> Outcome:
    """The outcome of invalid options."""
    title = resource_type.title_of(params.get("namespace"), params["name"])
    return Outcome(resource_type.kind, error=error, msg=failure_message(title, error))


def info_task_for(
    resource_type: type[Resource[Any]], system: System, *, namespace: Callable[[str], str] | None = None
) -> Task:
    """The task of a module that shows what there is of one type. namespace: the rule of that option, if it has it."""
    options: dict[str, Any] = {"name": {"type": "str"}}
    if namespace is not None:
        options["namespace"] = {"type": "str", "required": True}

    def work(params: Params, context: Context) -> Information:
        found = Information(resource_type, params.get("namespace"), params["name"])
        try:
            connection = context.connect(params)
            found.warnings += connection.warnings
            if namespace is not None:
                checked("namespace", params["namespace"], namespace)
            if params["name"] == "":
                raise bad_option("name", "", "must not be empty: leave it out to get all")
            found.read(connection.reads.recent(f"information on {found.title}"), params["scope"])
        except ApiError as error:
            found.error = error
        return found

    return Task(options, system, work)


class Hosts(NamedTuple):
    """The variables of each host, by its name. failure: why they could not be found, in words."""

    variables: dict[str, dict[str, Any]]
    warnings: list[str]
    failure: str = ""


class Inventory(NamedTuple):
    """What an inventory plugin shows of a system.

    subject: what becomes a host, in words. options: argument spec without the connection. find: from all options, and
    how to read, to the variables of each host; raises ApiError. about: the options that tell what is found.
    """

    subject: str
    options: Mapping[str, Any]
    system: System
    find: Callable[[Params, Read], dict[str, dict[str, Any]]]
    about: tuple[str, ...]

    @property
    def argument_spec(self) -> dict[str, Any]:
        return {**self.system.options, **self.options}

    def read(self, params: Params) -> Hosts:
        """Find the hosts. What a server repeats of the connection's secrets is not among what is found."""
        hide = self.system.hide
        warnings: tuple[str, ...] = ()
        try:
            connection = self.system.connect(params)
            hide, warnings = connection.hide, connection.warnings
            found, failure = self.find(params, connection.reads.client.read), ""
        except ApiError as error:
            found, failure = {}, failure_message(self.subject, error)
        return Hosts(*hide((found, list(warnings), failure)))


def hide_entries(values: dict[str, Any]) -> None:
    """Keep the `results` of a task with `no_log` out of sight.

    ansible-core 2.19 and 2.20 take them for the results of a loop, and hide only those that say so themselves.
    """
    for entry in values.get("results", ()):
        entry["_ansible_no_log"] = True
