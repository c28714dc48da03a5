# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The naming rules of Kubernetes and S3. Each function returns the valid name or raises ValueError with the rule.

Sources: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html,
https://www.rfc-editor.org/rfc/rfc6335 (service names).
"""

from __future__ import annotations

import re

_DNS_1035 = r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?"
_DNS_1123 = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_DNS_1123_SUBDOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_SERVICE_NAME = r"(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?"
_S3_BUCKET = r"[a-z0-9][-.a-z0-9]{1,61}[a-z0-9]"
_IP_ADDRESS = r"\d+\.\d+\.\d+\.\d+"


def dns_1035_label(name: str) -> str:
    if not re.fullmatch(_DNS_1035, name):
        raise ValueError(
            "must be a DNS-1035 label: at most 63 lowercase letters, digits and hyphens, "
            "beginning with a letter, ending with a letter or digit"
        )
    return name


def dns_1123_label(name: str) -> str:
    if not re.fullmatch(_DNS_1123, name):
        raise ValueError(
            "must be a DNS-1123 label: at most 63 lowercase letters, digits and hyphens, "
            "beginning and ending with a letter or digit"
        )
    return name


def dns_1123_subdomain(name: str) -> str:
    if len(name) > 253 or not re.fullmatch(_DNS_1123_SUBDOMAIN, name):
        raise ValueError(
            "must be a DNS-1123 subdomain: at most 253 lowercase letters, digits, hyphens and dots, "
            "each part beginning and ending with a letter or digit"
        )
    return name


def service_name(name: str) -> str:
    """The name of a container port, such as "http"."""
    if not re.fullmatch(_SERVICE_NAME, name):
        raise ValueError(
            "must be a number from 1 to 65535 or a port name: at most 15 lowercase letters, digits and single "
            "hyphens, with a letter among them"
        )
    return name


def s3_bucket_name(name: str) -> str:
    if not re.fullmatch(_S3_BUCKET, name) or ".." in name or re.fullmatch(_IP_ADDRESS, name):
        raise ValueError(
            "must be an S3 bucket name: 3 to 63 lowercase letters, digits, dots and hyphens, beginning and ending "
            "with a letter or digit, no two dots in a row, no IP address"
        )
    return name
