#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: apigee_instance_status
short_description: Report the status of a runtime instance to Apigee
version_added: 0.2.0
author:
  - The otterscale.core authors (@otterscale)
description:
  - Sends a report of which resources a runtime instance has loaded, in which revisions, on how many replicas.
  - A report replaces the one before. Apigee ignores a report that is older than the last one.
  - The callback plugin P(otterscale.core.status_report#callback) sends such reports by itself, of the resources that
    the tasks of a play managed.
options:
  endpoint:
    description:
      - Base URL of the API, with C(http) or C(https). A path prefix is kept.
      - A URL with a user name or a password in it is refused, without showing it.
      - If not given, the environment variable E(APIGEE_ENDPOINT) is used.
    type: str
    default: https://apigee.googleapis.com
  instance:
    description:
      - The instance that reports, of the form C(organizations/ORGANIZATION/instances/INSTANCE).
      - If not given, the environment variable E(APIGEE_INSTANCE) is used.
    type: str
    required: true
  access_token:
    description:
      - OAuth access token with the scope C(https://www.googleapis.com/auth/cloud-platform). It comes before
        O(service_account_file), and one of the two is needed.
      - If not given, the environment variable E(APIGEE_ACCESS_TOKEN) is used.
    type: str
  service_account_file:
    description:
      - Path of the JSON key file of a service account. A token is fetched at the URL that the file names as
        C(token_uri), and once more if Apigee refuses it.
      - O(validate_certs), O(ca_path), O(timeout) and proxies hold for that URL too.
      - If not given, the environment variable E(APIGEE_SERVICE_ACCOUNT_FILE) is used.
    type: path
  validate_certs:
    description:
      - Whether the server's TLS certificate must be valid.
      - If not given, the environment variable E(APIGEE_VALIDATE_CERTS) is used.
    type: bool
    default: true
  ca_path:
    description:
      - Path of a CA bundle that the server's TLS certificate is checked with.
      - If not given, the environment variable E(APIGEE_CA_PATH) is used, then C(REQUESTS_CA_BUNDLE), then the bundle of
        the Python library C(requests).
    type: path
  timeout:
    description:
      - Seconds for one call to the API, at most 86400.
      - If not given, the environment variable E(APIGEE_TIMEOUT) is used.
    type: float
    default: 30
  retries:
    description:
      - Extra tries of a call whose failure may pass, at most 100. A report may be sent twice without harm.
      - If not given, the environment variable E(APIGEE_RETRIES) is used.
    type: int
    default: 4
  instance_uid:
    description:
      - A unique ID of the instance, which tells it from others of the same name.
    type: str
  report_time:
    description:
      - When the report was made, in RFC 3339 format with at most nine fractional digits. The present time if not given.
      - It is sent in UTC.
    type: str
  resources:
    description:
      - The resources of the instance. What is not given of one is left out of the report.
    type: list
    elements: dict
    required: true
    suboptions:
      resource:
        description:
          - Name of the resource, such as C(organizations/acme/envgroups/test).
        type: str
        required: true
      uid:
        description:
          - Unique ID of the resource.
        type: str
      total_replicas:
        description:
          - Number of replicas that should have the resource.
        type: int
      revisions:
        description:
          - Revisions of the resource that are deployed in the instance.
        type: list
        elements: dict
        suboptions:
          revision_id:
            description:
              - The revision.
            type: str
          replicas:
            description:
              - Number of replicas that have loaded the revision.
            type: int
          errors:
            description:
              - What went wrong when the revision was to be loaded, each with C(code), and if you like with C(type),
                C(message) and C(resource).
              - C(code) is a canonical code as gRPC spells it, such as C(NOT_FOUND) or C(CANCELLED).
              - C(type) is a text that identifies the type of the error, so that it is known again in other revisions
                and instances. C(message) is the error in words.
              - C(resource) is the part of the resource that the error is about, if it is not about all of it.
            type: list
            elements: dict
          json_spec:
            description:
              - Content of the revision, as JSON text or as a dictionary.
            type: json
  state_file:
    description:
      - A file on the host that runs the task, in which the last report that was accepted is kept, for each O(endpoint)
        and O(instance). A report with the same content, whatever its time, is not sent again.
      - A damaged file counts as empty, with a warning.
      - Without this option every run sends its report, and the task is always changed.
    type: path
attributes:
  action_group:
    description: Use C(group/otterscale.core.apigee) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - otterscale.core.apigee
  idempotent:
    support: partial
    details:
      - Only with O(state_file).
requirements:
  - Python >= 3.10
  - requests >= 2.28
  - google-auth (only with O(service_account_file))
notes:
  - An environment variable that is empty counts as not set.
  - Proxies are taken from the usual environment variables (C(HTTPS_PROXY), C(NO_PROXY) and so on).
seealso:
  - plugin: otterscale.core.status_report
    plugin_type: callback
  - name: Method organizations.instances.reportStatus
    description: Reference of the API.
    link: https://cloud.google.com/apigee/docs/reference/apis/apigee/rest/v1/organizations.instances/reportStatus
extends_documentation_fragment:
  - otterscale.core.attributes
"""

EXAMPLES = r"""
- name: Report that a revision is loaded on two of three replicas
  otterscale.core.apigee_instance_status:
    instance: organizations/acme/instances/edge-1
    service_account_file: /etc/apigee/reporter.json
    state_file: /var/lib/reporter/last.json
    resources:
      - resource: organizations/acme/environments/test/deployedConfig
        uid: 3f7f9f0c-6a0b-4b6d-8d2a-0d4e5d1f2a77
        total_replicas: 3
        revisions:
          - revision_id: "12"
            replicas: 2
            errors:
              - type: proxy.timeout
                code: DEADLINE_EXCEEDED
                message: The proxy did not start in time.
"""

RETURN = r"""
report:
  description:
    - The body of the report as it was sent, in check mode as it would be. If nothing is sent, the one that was accepted
      last.
    - V(null) if an option is not valid.
  returned: always
  type: dict
  sample:
    reportTime: "2026-01-31T12:00:00.000000Z"
    resources:
      - resource: organizations/acme/envgroups/test
        totalReplicas: 1
operations:
  description:
    - The report if it was sent and accepted, in check mode if it would be sent.
    - Empty when the last report that was accepted has the same content.
  returned: always
  type: list
  elements: dict
  contains:
    rpc:
      description: Always V(ReportStatus).
      type: str
      returned: always
      sample: ReportStatus
    reason:
      description: Why it was needed.
      type: str
      returned: always
      sample: it differs from the last report that was accepted
error:
  description: What went wrong, for a task that failed. RV(ignore:msg) says it in words, with what to do.
  returned: failure
  type: dict
  contains:
    code:
      description: Canonical code in lower case, or V(client) for a failure that was found before the report was sent.
      type: str
      returned: always
      sample: unavailable
    rpc:
      description:
        - V(ReportStatus), or V(service account token) where no token could be had. V(null) if the failure has nothing
          to do with a call.
      type: str
      returned: always
      sample: ReportStatus
    http_status:
      description: HTTP status of the answer, V(null) if there was no answer.
      type: int
      returned: always
      sample: 503
    message:
      description: The message of the server, or of a proxy before it.
      type: str
      returned: always
    details:
      description: Error details of the server.
      type: list
      elements: dict
      returned: always
"""

from ..module_utils._apigee.instance_status import TASK
from ..module_utils._module import run


def main() -> None:
    run(TASK)


if __name__ == "__main__":
    main()
