"""What is attacked: the web of the sample project, with a look into its inbox."""

from tests.web.conftest import Desk, desk

__all__ = ["Desk", "desk"]
