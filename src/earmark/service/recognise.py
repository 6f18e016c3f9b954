"""A recording and stored profiles to a decision. The recording is never written anywhere."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from earmark.errors import InvalidRequest, ModelMismatch, ProfileNotEnrolled, ProfileNotFound
from earmark.service.actor import Actor, Permission, needs
from earmark.service.enrol import check_model
from earmark.service.following import follow
from earmark.service.next_steps import NextStep, Verified, next_step
from earmark.service.recordings import load_recording
from earmark.service.rules import choose_aim
from earmark.service.spoken import decide
from earmark.storage.own_people import load_own_people
from earmark.storage.profiles import find_profile
from earmark.storage.store import Store
from earmark.storage.tenants import find_tenant
from earmark.storage.values import Profile, ProfileKind, ProfileState, Tenant, Use
from earmark.storage.voiceprints import count_models, load_gallery, load_voiceprint
from earmark.voice.audio import AudioSource, RawFormat
from earmark.voice.engine import Engine
from earmark.voice.features import Floats
from earmark.voice.gallery import Gallery
from earmark.voice.phrase.fixed_text import judge_fixed_text
from earmark.voice.quality import RECOGNISE, QualityRules
from earmark.voice.scoring.decision import Decision, Identification
from earmark.voice.scoring.operating import Aim
from earmark.voice.scoring.own_people import OwnPeople
from earmark.voice.voiceprint import Voiceprint

MAX_TOP = 100


@dataclass(frozen=True, eq=False)
class Candidates:
    """A tenant's profiles in memory: gathered once, many recordings can be compared with them."""

    tenant: str
    gallery: Gallery


@dataclass(frozen=True)
class Identified:
    """Who it may be: the identification is keyed by GUID; `labels` has those of its candidates with one."""

    identification: Identification
    labels: dict[str, str]

    @property
    def next_step(self) -> NextStep | None:
        """What to ask for after an uncertain answer."""
        return next_step(self.identification.answer, self.identification.quality, claimed=False)


@needs(Permission.RECOGNISE)
def verify(
    actor: Actor,
    store: Store,
    engine: Engine,
    key: str | UUID,
    audio: AudioSource,
    *,
    kind: ProfileKind | None = None,
    aim: Aim | None = None,
    usual: Aim | None = None,
    rules: QualityRules = RECOGNISE,
    clip_seconds: tuple[float, float] | None = None,
    challenge: UUID | None = None,
    lock_out: bool = True,
    raw: RawFormat | None = None,
    sample_rate: int | None = None,
) -> Verified:
    """Is it the person of the profile with this GUID or label?

    A text-dependent profile's recording has to say its passphrase; one that answers a `challenge` says that
    and nothing else. Where words are asked for, the attempt counts, if there is a `lock_out`.

    `aim` sets the decision; without it the tenant's own rule does, and where there is none what is `usual`.
    `clip_seconds` are the least and most length of the recording. Raises ProfileNotFound (also for another
    kind), ProfileNotEnrolled, ModelMismatch (another model made the profile), AudioTooShort, and what
    `Engine.verify` and `spoken.decide` raise.
    """
    profile = find_profile(actor.tenant, store, key, kind=kind)
    _check_ready(profile, engine)
    aim = choose_aim(actor.tenant, store, Use.VERIFY, asked=aim, usual=usual)
    clip = load_recording(engine, audio, seconds=clip_seconds, raw=raw, sample_rate=sample_rate)
    voiceprint, tenant = load_voiceprint(actor.tenant, store, profile.id), find_tenant(store, actor.tenant)
    fixed_text = profile.kind is ProfileKind.TEXT_DEPENDENT and challenge is None
    own = None if fixed_text else _own_people(tenant, store, engine)
    decision, words = decide(
        actor.tenant,
        store,
        profile,
        clip,
        lambda: _judge(
            engine, voiceprint, clip, aim, rules, own=own, key=str(profile.id), fixed_text=fixed_text
        ),
        challenge=challenge,
        lock_out=lock_out,
    )
    verified = Verified(decision, words=words, phrase=profile.phrase)
    learned, renewal = False, tuple[str, ...]()
    if words is None or words.accepted:
        learned, renewal = follow(store, engine, tenant, profile, clip, decision)
    challenged = words is not None and words.challenge
    step = next_step(verified.answer, decision.quality, claimed=True, challenged=challenged)
    return replace(verified, next_step=step, renewal=renewal, learned=learned)


@needs(Permission.RECOGNISE)
def gather_candidates(
    actor: Actor,
    store: Store,
    engine: Engine,
    *,
    among: Sequence[str | UUID] | None = None,
    kind: ProfileKind | None = None,
    one_locale: bool = False,
) -> Candidates:
    """Read the profiles to compare with: all enrolled ones of any words, or those `among`, by GUID or label.

    Raises ProfileNotFound for one of these that does not exist, or is of another `kind`, and when there is
    none at all; ProfileNotEnrolled; InvalidRequest when they must be of one locale and are not; ModelMismatch
    when another model made any of them: leaving them out in silence would turn people into strangers.
    """
    model = engine.entry.id
    if among is None:
        models = count_models(actor.tenant, store)
        others = sum(count for name, count in models.items() if name != model)
        if others:
            raise ModelMismatch(
                f"{others} of {sum(models.values())} profiles were made by other models than {model}: "
                "re-embed their kept recordings, enrol them again, or say among whom to search."
            )
        wanted = None
    else:
        found = [find_profile(actor.tenant, store, key, kind=kind) for key in among]
        if one_locale and len({(profile.locale or "").lower() for profile in found}) > 1:
            raise InvalidRequest("These profiles are of different locales: ask for those of one locale.")
        for profile in found:
            _check_ready(profile, engine)
        wanted = list(dict.fromkeys(profile.id for profile in found))
    gallery = load_gallery(actor.tenant, store, wanted, model=model, dimension=engine.entry.dimension)
    if not len(gallery):
        raise ProfileNotFound("There is no profile to compare with: enrol somebody first.")
    return Candidates(actor.tenant, gallery)


@needs(Permission.RECOGNISE)
def identify(
    actor: Actor,
    store: Store,
    engine: Engine,
    audio: AudioSource,
    *,
    among: Sequence[str | UUID] | Candidates | None = None,
    kind: ProfileKind | None = None,
    one_locale: bool = False,
    use: Use = Use.IDENTIFY,
    aim: Aim | None = None,
    usual: Aim | None = None,
    top: int = 5,
    rules: QualityRules = RECOGNISE,
    clip_seconds: tuple[float, float] | None = None,
    raw: RawFormat | None = None,
    sample_rate: int | None = None,
) -> Identified:
    """Who of the tenant's profiles is it, or of those `among`, if any?

    For many recordings, call `gather_candidates` once and hand its result over as `among`. A search of a
    watchlist may be decided by another rule (`use`); `aim`, `usual` and `clip_seconds` as in `verify`. Raises
    what `gather_candidates` and `Engine.identify` raise.
    """
    if use is Use.VERIFY:
        raise InvalidRequest("A search is for identifying or for a watchlist: say which of the two.")
    if not 1 <= top <= MAX_TOP:
        raise InvalidRequest(f"Asked for the best {top} candidates: ask for 1 to {MAX_TOP}.")
    candidates = (
        among
        if isinstance(among, Candidates)
        else gather_candidates(actor, store, engine, among=among, kind=kind, one_locale=one_locale)
    )
    if candidates.tenant != actor.tenant:
        raise ProfileNotFound("These candidates belong to another tenant: gather them as this actor.")
    aim = choose_aim(actor.tenant, store, use, asked=aim, usual=usual)
    clip = load_recording(engine, audio, seconds=clip_seconds, raw=raw, sample_rate=sample_rate)
    own = _own_people(find_tenant(store, actor.tenant), store, engine)
    result = engine.identify(candidates.gallery, clip, aim=aim, top=top, own=own, rules=rules)
    labels = {}
    for candidate in result.candidates:
        try:
            label = find_profile(actor.tenant, store, UUID(candidate.key)).label
        except ProfileNotFound:  # deleted a moment ago
            continue
        if label is not None:
            labels[candidate.key] = label
    return Identified(result, labels)


def _judge(
    engine: Engine,
    voiceprint: Voiceprint,
    clip: Floats,
    aim: Aim,
    rules: QualityRules,
    *,
    own: OwnPeople | None,
    key: str,
    fixed_text: bool,
) -> Decision:
    decision = engine.verify(voiceprint, clip, aim=aim, own=own, key=key, rules=rules)
    return judge_fixed_text(engine, decision, aim) if fixed_text else decision


def _own_people(tenant: Tenant, store: Store, engine: Engine) -> OwnPeople | None:
    """The tenant's own people, where they may count as strangers and the engine asks what these are like."""
    if not tenant.own_cohort or engine.entry.scoring is None:
        return None
    return load_own_people(tenant.id, store, model=engine.entry.id)


def _check_ready(profile: Profile, engine: Engine) -> None:
    if profile.state is not ProfileState.ENROLLED:
        raise ProfileNotEnrolled("This profile is not enrolled yet: add recordings until nothing is missing.")
    check_model(profile, engine)
