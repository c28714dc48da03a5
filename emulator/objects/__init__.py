# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""OtterScale 1.x: the Kubernetes objects of a cluster, and the services that hand them out."""
