"""A typed client of the service, for Python: `Client`, `AsyncClient`, and what they return."""

from earmark.api.native.wire import (
    Caller,
    Candidate,
    Enrolled,
    Enrolment,
    Identification,
    Imported,
    Inspection,
    Key,
    Kind,
    Missing,
    NewKey,
    OperatingPoint,
    Phrases,
    Profile,
    ProfilePage,
    Quality,
    Role,
    Tenant,
    Verdict,
    Verification,
)
from earmark.client.asynchronous import AsyncClient
from earmark.client.calls import Audio, Pcm
from earmark.client.synchronous import Client

__all__ = [
    "AsyncClient",
    "Audio",
    "Caller",
    "Candidate",
    "Client",
    "Enrolled",
    "Enrolment",
    "Identification",
    "Imported",
    "Inspection",
    "Key",
    "Kind",
    "Missing",
    "NewKey",
    "OperatingPoint",
    "Pcm",
    "Phrases",
    "Profile",
    "ProfilePage",
    "Quality",
    "Role",
    "Tenant",
    "Verdict",
    "Verification",
]
