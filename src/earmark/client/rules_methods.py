"""What both clients can do about a tenant's rules and the freshness of voiceprints."""

from typing import TypeVar, Unpack
from uuid import UUID

from earmark.api.native import rules_wire
from earmark.client import rules_calls
from earmark.client.calls import UNCHANGED, Call, Unchanged

T = TypeVar("T")


class RulesMethods:
    """These methods of `Client`."""

    def show_rules(self) -> rules_wire.Rules:
        """Return by what the tenant decides, what that costs, and how it looks after voiceprints."""
        return self._send(rules_calls.show_rules())

    def set_rule(self, use: rules_wire.Use, **asked: Unpack[rules_calls.Asked]) -> rules_wire.Rules:
        """Decide a use by `fmr`, or `fpir` (of searches), or `cost_miss`, `cost_false` and `prior`.

        `doubt` is the share of strangers that may get an "uncertain"; ten times the rate when None. Raises
        InvalidRequest.
        """
        return self._send(rules_calls.set_rule(use, asked))

    def reset_rule(self, use: rules_wire.Use) -> rules_wire.Rules:
        """Decide a use by the default again."""
        return self._send(rules_calls.reset_rule(use))

    def change_rules(
        self,
        *,
        learn: bool | None = None,
        watch_drift: bool | None = None,
        renew_days: int | Unchanged | None = UNCHANGED,
        own_cohort: bool | None = None,
    ) -> rules_wire.Rules:
        """Let voiceprints learn from sure recognitions, watch their drift, and ask for renewal after days.

        With `own_cohort` enrolled people count as strangers beside the cohort that ships. What is not given
        stays as it is; `renew_days=None` is never.
        """
        return self._send(rules_calls.change_rules(learn, watch_drift, renew_days, own_cohort))

    def show_renewal(self, profile: UUID | str) -> rules_wire.Renewal:
        """Return whether a person should enrol anew, and what was learned. Raises ProfileNotFound."""
        return self._send(rules_calls.show_renewal(profile))

    def forget_learned(self, profile: UUID | str) -> None:
        """Go back to the voice that was enrolled. Raises ProfileNotFound."""
        self._send(rules_calls.forget_learned(profile))

    def _send(self, call: Call[T]) -> T:
        raise NotImplementedError


class AsyncRulesMethods:
    """These methods of `AsyncClient`."""

    async def show_rules(self) -> rules_wire.Rules:
        """Return by what the tenant decides, what that costs, and how it looks after voiceprints."""
        return await self._send(rules_calls.show_rules())

    async def set_rule(self, use: rules_wire.Use, **asked: Unpack[rules_calls.Asked]) -> rules_wire.Rules:
        """Decide a use by `fmr`, or `fpir` (of searches), or `cost_miss`, `cost_false` and `prior`.

        `doubt` is the share of strangers that may get an "uncertain"; ten times the rate when None. Raises
        InvalidRequest.
        """
        return await self._send(rules_calls.set_rule(use, asked))

    async def reset_rule(self, use: rules_wire.Use) -> rules_wire.Rules:
        """Decide a use by the default again."""
        return await self._send(rules_calls.reset_rule(use))

    async def change_rules(
        self,
        *,
        learn: bool | None = None,
        watch_drift: bool | None = None,
        renew_days: int | Unchanged | None = UNCHANGED,
        own_cohort: bool | None = None,
    ) -> rules_wire.Rules:
        """Let voiceprints learn from sure recognitions, watch their drift, and ask for renewal after days.

        With `own_cohort` enrolled people count as strangers beside the cohort that ships. What is not given
        stays as it is; `renew_days=None` is never.
        """
        return await self._send(rules_calls.change_rules(learn, watch_drift, renew_days, own_cohort))

    async def show_renewal(self, profile: UUID | str) -> rules_wire.Renewal:
        """Return whether a person should enrol anew, and what was learned. Raises ProfileNotFound."""
        return await self._send(rules_calls.show_renewal(profile))

    async def forget_learned(self, profile: UUID | str) -> None:
        """Go back to the voice that was enrolled. Raises ProfileNotFound."""
        await self._send(rules_calls.forget_learned(profile))

    async def _send(self, call: Call[T]) -> T:
        raise NotImplementedError
