"""The program on mocks, as the unit tests run it."""

from tests.unit.conftest import deploy, kubeconfig

__all__ = ["deploy", "kubeconfig"]
