# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The naming rules of Kubernetes, S3 and IEF. Each function returns the valid name or raises ValueError with the rule.

Sources: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html,
https://www.rfc-editor.org/rfc/rfc6335 (service names),
https://support.huaweicloud.com/intl/en-us/api-ief/ (edge services).
"""

from __future__ import annotations

import re
from collections.abc import Callable


def _rule(pattern: str, text: str) -> Callable[[str], str]:
    """The check of one kind of name."""

    def check(name: str) -> str:
        if not re.fullmatch(pattern, name):  # compiled when the first name is checked: an import must cost little
            raise ValueError(f"must be {text}")
        return name

    return check


dns_1035_label = _rule(
    r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?",
    "a DNS-1035 label: at most 63 lowercase letters, digits and hyphens, beginning with a letter, ending with a letter "
    "or digit",
)
dns_1123_label = _rule(
    r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?",
    "a DNS-1123 label: at most 63 lowercase letters, digits and hyphens, beginning and ending with a letter or digit",
)
dns_1123_subdomain = _rule(
    r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*",
    "a DNS-1123 subdomain: at most 253 lowercase letters, digits, hyphens and dots, each part beginning and ending "
    "with a letter or digit",
)
service_name = _rule(  # the name of a container port, such as "http"
    r"(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?",
    "a number from 1 to 65535 or a port name: at most 15 lowercase letters, digits and single hyphens, with a letter "
    "among them",
)
s3_bucket_name = _rule(
    r"(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][-.a-z0-9]{1,61}[a-z0-9]",
    "an S3 bucket name: 3 to 63 lowercase letters, digits, dots and hyphens, beginning and ending with a letter or "
    "digit, no two dots in a row, not an IP address",
)
ief_service_name = _rule(
    r"[a-z]([-a-z0-9]{0,62}[a-z0-9])?",
    "a name of an edge service: at most 64 lowercase letters, digits and hyphens, beginning with a letter, ending with "
    "a letter or digit",
)
ief_port_name = _rule(
    r"(?=.{1,63}$)(tcp|http)-[a-z0-9]([-a-z0-9]*[a-z0-9])?",
    "tcp-SUFFIX or http-SUFFIX: lowercase letters, digits and hyphens, ending with a letter or digit",
)
