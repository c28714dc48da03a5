# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""InstanceService: from messages to the domain and back. Each RPC is one short method, in the order of the .proto."""

from __future__ import annotations

import os

from otterscale.instance.v1 import instance_pb as pb
from otterscale.instance.v1.enums_pb import SourceType
from otterscale.instance.v1.instance_connect import InstanceService
from protobuf.wkt import Empty, Timestamp

from . import model, services, volumes
from .context import Context
from .errors import INSTANCE_TYPES, MACHINES, BackendError, already_exists, not_found
from .generation import Generation
from .journal import Journal
from .world import World

ALL, BOOTABLE, NON_BOOTABLE = range(3)


class Instance(InstanceService):
    def __init__(self, world: World, generation: Generation, journal: Journal, import_seconds: float) -> None:
        self._world = world
        self._generation = generation
        self._journal = journal
        self._import_seconds = import_seconds

    # Virtual machines

    async def list_virtual_machines(
        self, request: pb.ListVirtualMachinesRequest, ctx: Context
    ) -> pb.ListVirtualMachinesResponse:
        scope = self._world.scope(request.scope)
        shown = services.shown_in(scope, self._generation.services)
        return pb.ListVirtualMachinesResponse(
            virtual_machines=[
                _machine(scope, machine, shown.get(key, []))
                for key, machine in scope.virtual_machines.items()
                if request.namespace in ("", machine.namespace)
            ]
        )

    async def get_virtual_machine(self, request: pb.NamedRequest, ctx: Context) -> pb.VirtualMachine:
        scope = self._world.scope(request.scope)
        machine = self._find_machine(request)
        key = model.key_of(machine.namespace, machine.name)
        shown = services.shown_in(scope, "all").get(key, []) if self._generation.services == "all" else []
        return _machine(scope, machine, shown)

    async def create_virtual_machine(self, request: pb.CreateVirtualMachineRequest, ctx: Context) -> pb.VirtualMachine:
        scope = self._world.scope(request.scope)
        key = model.key_of(request.namespace, request.name)
        if key in scope.virtual_machines:
            raise already_exists(MACHINES, request.name)
        machine = model.VirtualMachine(
            request.namespace,
            request.name,
            instance_type=request.instance_type_name,
            boot_data_volume=request.boot_data_volume_name,
            startup_script=request.startup_script,
            ip_address=f"10.244.1.{len(scope.virtual_machines) % 250 + 1}",
        )
        scope.virtual_machines[key] = machine
        return _machine(scope, machine, [])

    async def delete_virtual_machine(self, request: pb.NamedRequest, ctx: Context) -> Empty:
        machine = self._find_machine(request)
        del self._world.scope(request.scope).virtual_machines[model.key_of(machine.namespace, machine.name)]
        return Empty()

    async def start_virtual_machine(self, request: pb.NamedRequest, ctx: Context) -> Empty:
        return self._set_status(request, "Running")

    async def stop_virtual_machine(self, request: pb.NamedRequest, ctx: Context) -> Empty:
        return self._set_status(request, "Stopped")

    async def restart_virtual_machine(self, request: pb.NamedRequest, ctx: Context) -> Empty:
        return self._set_status(request, "Running")

    async def pause_instance(self, request: pb.NamedRequest, ctx: Context) -> Empty:
        return self._set_status(request, "Paused")

    async def resume_instance(self, request: pb.NamedRequest, ctx: Context) -> Empty:
        return self._set_status(request, "Running")

    # Data volumes

    async def list_data_volumes(self, request: pb.ListDataVolumesRequest, ctx: Context) -> pb.ListDataVolumesResponse:
        found = volumes.listed(self._world.scope(request.scope), request.namespace)
        if self._generation.volumes == "boot_image":
            found = [volume for volume in found if volume.boot_image == request.boot_image]
        elif request.filter in (BOOTABLE, NON_BOOTABLE):
            found = [volume for volume in found if volume.boot_image == (request.filter == BOOTABLE)]
        return pb.ListDataVolumesResponse(data_volumes=[_volume(volume) for volume in found])

    async def get_data_volume(self, request: pb.NamedRequest, ctx: Context) -> pb.DataVolume:
        volume = volumes.get(self._world.scope(request.scope), request.namespace, request.name)
        if self._generation.get_data_volume == "crash" and volumes.progress(volume).has_claim:
            # The nil pointer of a real server: no answer, and the process is gone.
            self._journal.died("crash")
            os._exit(2)
        return _volume(volume)

    async def create_data_volume(self, request: pb.CreateDataVolumeRequest, ctx: Context) -> pb.DataVolume:
        source = request.source or pb.DataVolume.Source()
        volume = model.DataVolume(
            request.namespace,
            request.name,
            source_type=int(source.type),
            source_data=source.data,
            boot_image=request.boot_image,
            size_bytes=request.size_bytes,
            import_seconds=self._import_seconds,
        )
        created = volumes.create(self._world.scope(request.scope), volume, self._generation.claims)
        # CDI has not looked at it yet: the answer has neither phase nor progress nor a claim.
        return _volume_basics(created)

    async def extend_data_volume(self, request: pb.ExtendDataVolumeRequest, ctx: Context) -> Empty:
        scope = self._world.scope(request.scope)
        volumes.extend(scope, request.namespace, request.name, request.size_bytes, self._generation.claims)
        return Empty()

    async def delete_data_volume(self, request: pb.NamedRequest, ctx: Context) -> Empty:
        volumes.delete(self._world.scope(request.scope), request.namespace, request.name)
        return Empty()

    # Instance types

    async def list_instance_types(
        self, request: pb.ListInstanceTypesRequest, ctx: Context
    ) -> pb.ListInstanceTypesResponse:
        return pb.ListInstanceTypesResponse(
            instance_types=[
                _instance_type(item)
                for item in self._world.scope(request.scope).instance_types.values()
                if (item.cluster_wide and request.include_cluster_wide)
                or (not item.cluster_wide and request.namespace in ("", item.namespace))
            ]
        )

    async def get_instance_type(self, request: pb.NamedRequest, ctx: Context) -> pb.InstanceType:
        return _instance_type(self._find_instance_type(request))

    async def create_instance_type(self, request: pb.CreateInstanceTypeRequest, ctx: Context) -> pb.InstanceType:
        scope = self._world.scope(request.scope)
        key = model.key_of(request.namespace, request.name)
        if key in scope.instance_types:
            raise already_exists(INSTANCE_TYPES, request.name)
        if request.cpu_cores < 1 or request.memory_bytes < 1:
            raise BackendError("invalid_argument", "an instance type needs CPU cores and memory")
        created = model.InstanceType(request.namespace, request.name, request.cpu_cores, request.memory_bytes)
        scope.instance_types[key] = created
        return _instance_type(created)

    async def delete_instance_type(self, request: pb.NamedRequest, ctx: Context) -> Empty:
        found = self._find_instance_type(request)
        del self._world.scope(request.scope).instance_types[model.key_of(found.namespace, found.name)]
        return Empty()

    # VM services

    async def create_virtual_machine_service(
        self, request: pb.CreateVirtualMachineServiceRequest, ctx: Context
    ) -> pb.VirtualMachine.Service:
        scope = self._world.scope(request.scope)
        ports = [_port_from(port) for port in request.ports]
        machine = request.virtual_machine_name
        return _service(services.create(scope, request.namespace, request.name, machine, ports))

    async def update_virtual_machine_service(
        self, request: pb.UpdateVirtualMachineServiceRequest, ctx: Context
    ) -> pb.VirtualMachine.Service:
        scope = self._world.scope(request.scope)
        ports = [_port_from(port) for port in request.ports]
        return _service(services.update(scope, request.namespace, request.name, ports))

    async def delete_virtual_machine_service(self, request: pb.NamedRequest, ctx: Context) -> Empty:
        services.delete(self._world.scope(request.scope), request.namespace, request.name)
        return Empty()

    def _find_machine(self, request: pb.NamedRequest) -> model.VirtualMachine:
        machines = self._world.scope(request.scope).virtual_machines
        machine = machines.get(model.key_of(request.namespace, request.name))
        if machine is None:
            raise not_found(MACHINES, request.name)
        return machine

    def _find_instance_type(self, request: pb.NamedRequest) -> model.InstanceType:
        known = self._world.scope(request.scope).instance_types
        found = known.get(model.key_of(request.namespace, request.name)) or known.get(model.key_of("", request.name))
        if found is None:
            raise not_found(INSTANCE_TYPES, request.name)
        return found

    def _set_status(self, request: pb.NamedRequest, status: str) -> Empty:
        self._find_machine(request).status = status
        return Empty()


def _machine(scope: model.Scope, machine: model.VirtualMachine, shown: list[model.Service]) -> pb.VirtualMachine:
    running = machine.status == "Running"
    types = scope.instance_types
    instance_type = types.get(f"{machine.namespace}/{machine.instance_type}") or types.get(f"/{machine.instance_type}")
    boot = machine.boot_data_volume
    return pb.VirtualMachine(
        name=machine.name,
        namespace=machine.namespace,
        status=machine.status,
        ready=running,
        instance_phase="Running" if running else None,
        machine_id="machine-1" if running else None,
        hostname="node-1" if running else None,
        ip_addresses=[machine.ip_address] if running and machine.ip_address else [],
        created_at=Timestamp.from_seconds(machine.created_at),
        services=[_service(service) for service in shown],
        instance_type=_instance_type(instance_type) if instance_type else None,
        disks=[pb.VirtualMachine.Disk(name="boot", data_volume_name=boot)] if boot else [],
    )


def _service(service: model.Service) -> pb.VirtualMachine.Service:
    return pb.VirtualMachine.Service(
        name=service.name,
        type=service.type,
        cluster_ip=service.cluster_ip,
        ports=[_port(port) for port in service.ports],
        created_at=Timestamp.from_seconds(service.created_at),
    )


def _port(port: model.Port) -> pb.VirtualMachine.Service.Port:
    return pb.VirtualMachine.Service.Port(
        port=port.port,
        node_port=port.node_port,
        name=port.name,
        protocol=port.protocol,
        target_port=port.target_port,
    )


def _port_from(port: pb.VirtualMachine.Service.Port) -> model.Port:
    return model.Port(port.port, port.node_port, port.name, port.protocol, port.target_port)


def _volume_basics(volume: model.DataVolume) -> pb.DataVolume:
    return pb.DataVolume(
        name=volume.name,
        namespace=volume.namespace,
        source=pb.DataVolume.Source(type=SourceType(volume.source_type), data=volume.source_data),
        boot_image=volume.boot_image,
        phase="",
        progress="",
        size_bytes=volume.size_bytes,
    )


def _volume(volume: model.DataVolume) -> pb.DataVolume:
    state = volumes.progress(volume)
    message = _volume_basics(volume)
    message.phase = state.phase
    message.progress = state.progress
    if state.has_claim:
        message.persistent_volume_claim = _claim(volume)
    changed = Timestamp.from_seconds(volume.started_at or volume.created_at)
    message.last_condition = pb.DataVolume.Condition(
        type="Running",
        status=state.status,
        reason=state.reason,
        message=state.message,
        heartbeat_at=Timestamp.now(),
        transitioned_at=changed,
    )
    return message


def _claim(volume: model.DataVolume) -> pb.DataVolume.PersistentVolumeClaim:
    created = Timestamp.from_seconds(volume.created_at)
    storage_class = pb.DataVolume.StorageClass(
        name="ceph-rbd",
        provisioner="rbd.csi.ceph.com",
        reclaim_policy="Delete",
        volume_binding_mode="Immediate",
        parameters={"pool": "rbd"},
        created_at=created,
    )
    return pb.DataVolume.PersistentVolumeClaim(
        name=volume.name,
        status="Bound",
        access_modes=["ReadWriteOnce"],
        capacity=volumes.quantity(volume.capacity_bytes),
        storage_class=storage_class,
        created_at=created,
    )


def _instance_type(item: model.InstanceType) -> pb.InstanceType:
    return pb.InstanceType(
        name=item.name,
        cpu_cores=item.cpu_cores,
        memory_bytes=item.memory_bytes,
        cluster_wide=item.cluster_wide,
        created_at=Timestamp.from_seconds(item.created_at),
    )
