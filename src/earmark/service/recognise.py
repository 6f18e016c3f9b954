"""A recording and stored profiles to a decision. The recording is never written anywhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from earmark.errors import InvalidRequest, ModelMismatch, ProfileNotFound
from earmark.service.actor import Actor, Permission, needs
from earmark.service.enrol import check_model
from earmark.storage.profiles import find_profile
from earmark.storage.store import Store
from earmark.storage.voiceprints import count_models, load_gallery, load_voiceprint
from earmark.voice.audio import AudioSource, RawFormat
from earmark.voice.engine import Engine
from earmark.voice.gallery import Gallery
from earmark.voice.scoring.decision import DEFAULT_FMR, Decision, Identification

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


@needs(Permission.RECOGNISE)
def verify(
    actor: Actor,
    store: Store,
    engine: Engine,
    key: str | UUID,
    audio: AudioSource,
    *,
    fmr: float = DEFAULT_FMR,
    raw: RawFormat | None = None,
    sample_rate: int | None = None,
) -> Decision:
    """Is it the person of the profile with this GUID or label?

    Raises ProfileNotFound, ModelMismatch (another model made the profile), and what `Engine.verify` raises.
    """
    profile = find_profile(actor.tenant, store, key)
    check_model(profile, engine)
    voiceprint = load_voiceprint(actor.tenant, store, profile.id)
    return engine.verify(voiceprint, audio, fmr=fmr, raw=raw, sample_rate=sample_rate)


@needs(Permission.RECOGNISE)
def gather_candidates(
    actor: Actor, store: Store, engine: Engine, *, among: Sequence[str | UUID] | None = None
) -> Candidates:
    """Read the profiles to compare with: all of the tenant's, or those `among`, by GUID or label.

    Raises ProfileNotFound for one that does not exist and when there is none at all, ModelMismatch when
    another model made any of them: leaving them out in silence would turn people into strangers.
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
        found = [find_profile(actor.tenant, store, key) for key in among]
        for profile in found:
            check_model(profile, engine)
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
    fmr: float = DEFAULT_FMR,
    top: int = 5,
    raw: RawFormat | None = None,
    sample_rate: int | None = None,
) -> Identified:
    """Who of the tenant's profiles is it, or of those `among`, if any?

    For many recordings, call `gather_candidates` once and hand its result over as `among`. Raises what
    `gather_candidates` and `Engine.identify` raise.
    """
    if not 1 <= top <= MAX_TOP:
        raise InvalidRequest(f"Asked for the best {top} candidates: ask for 1 to {MAX_TOP}.")
    candidates = (
        among if isinstance(among, Candidates) else gather_candidates(actor, store, engine, among=among)
    )
    if candidates.tenant != actor.tenant:
        raise ProfileNotFound("These candidates belong to another tenant: gather them as this actor.")
    result = engine.identify(candidates.gallery, audio, fmr=fmr, top=top, raw=raw, sample_rate=sample_rate)
    labels = {}
    for candidate in result.candidates:
        try:
            label = find_profile(actor.tenant, store, UUID(candidate.key)).label
        except ProfileNotFound:  # deleted a moment ago
            continue
        if label is not None:
            labels[candidate.key] = label
    return Identified(result, labels)
