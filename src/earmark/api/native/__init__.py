"""The native API, below /v1."""

from earmark.api.family import Family
from earmark.api.native.errors import respond

FAMILY = Family("native", ("/v1",), (), respond)
