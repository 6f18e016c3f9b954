"""Jobs from an order to an outcome, in this process: every end, in turn, once, and what is told of it."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import meeting
import pytest
import voices
from elsewhere import Elsewhere, running_elsewhere
from jobbing import ANYWHERE, QUICK, ended, open_queue

from earmark.errors import (
    AddressRefused,
    EarmarkError,
    InvalidRequest,
    JobNotFound,
    MediaNotFound,
    PermissionDenied,
    QueueFull,
)
from earmark.service import jobs
from earmark.service.actor import Actor, Permission
from earmark.service.enrol import enrol
from earmark.service.job_queue import JobQueue
from earmark.service.jobs import (
    cancel_job,
    delete_job,
    find_job,
    list_jobs,
    read_order,
    read_outcome,
    submit_job,
)
from earmark.service.media import put_media
from earmark.service.orders import Known, Order, Outcome, Voice, Webhook
from earmark.storage.jobs import list_untold
from earmark.storage.profiles import list_profiles
from earmark.storage.store import Store
from earmark.storage.tenants import delete_tenant
from earmark.storage.values import Job, JobKind, JobState
from earmark.voice.engine import Engine

MEETING = meeting.meeting()
Ask = Callable[..., Job]


@pytest.fixture
def queue(store: Store, engine: Engine) -> Iterator[JobQueue]:
    with open_queue(store, engine) as opened:
        yield opened


@pytest.fixture
def there() -> Iterator[Elsewhere]:
    with running_elsewhere() as found:
        yield found


def ask(
    actor: Actor,
    store: Store,
    queue: JobQueue,
    sound: bytes | None,
    kind: JobKind = JobKind.DIARIZE,
    **order: Any,
) -> Job:
    """A job on a recording that is uploaded for it."""
    source = order.pop("source", "media://it")
    if sound is not None:
        put_media(actor, store, queue.media, "it", [sound], rules=queue.how.media_rules)
    return submit_job(actor, store, queue, Order(kind, source, **order), door="native")


def outcome_of(actor: Actor, store: Store, queue: JobQueue, *args: Any, **order: Any) -> tuple[Job, Outcome]:
    job = ended(actor, store, ask(actor, store, queue, *args, **order).id)
    outcome = read_outcome(actor, store, job.id)
    assert outcome is not None
    return job, outcome


@pytest.mark.databases("sqlite", "postgres")
def test_who_speaks_when(actor: Actor, store: Store, queue: JobQueue, engine: Engine) -> None:
    job, outcome = outcome_of(actor, store, queue, MEETING)
    assert (job.state, job.progress) == (JobState.SUCCEEDED, 1.0)
    assert job.ended is not None
    assert job.created <= job.ended
    assert {turn.speaker for turn in outcome.turns} == {"SPEAKER_00", "SPEAKER_01"}
    assert [speaker.speaker for speaker in outcome.speakers] == ["SPEAKER_00", "SPEAKER_01"]
    assert len(outcome.turn_fit) == len(outcome.turns)
    assert all(sum(fit.values()) in (99, 100, 101) for fit in outcome.turn_fit)
    assert len(outcome.certainty) == pytest.approx(outcome.seconds / outcome.resolution, abs=2)
    assert outcome.model == engine.entry.id
    assert outcome.error is None
    assert read_order(actor, store, job.id) == Order(JobKind.DIARIZE, "media://it")


def test_voiceprints_name_the_speakers(actor: Actor, store: Store, queue: JobQueue) -> None:
    known = []
    for name in ("ada", "ben", "clara"):
        _, made = outcome_of(actor, store, queue, meeting.alone(name), JobKind.VOICEPRINT)
        assert made.voiceprint is not None
        known.append(Known(f"{name}, née X", made.voiceprint))
    _, outcome = outcome_of(actor, store, queue, MEETING, JobKind.IDENTIFY, known=tuple(known))
    assert [speaker.match for speaker in outcome.speakers] == ["ada, née X", "ben, née X"]
    for speaker in outcome.speakers:
        assert speaker.confidence.keys() == {one.label for one in known}
        assert max(speaker.confidence, key=speaker.confidence.__getitem__) == speaker.match
        assert all(0.0 <= score <= 100.0 for score in speaker.confidence.values())


def test_enrolled_people_and_strangers(actor: Actor, store: Store, queue: JobQueue, engine: Engine) -> None:
    ada = enrol(actor, store, engine, "ada", [meeting.alone("ada")]).profile
    _, outcome = outcome_of(
        actor, store, queue, MEETING, JobKind.IDENTIFY, who="all", threshold=50.0, remember=True
    )
    first, second = outcome.speakers
    assert (first.match, first.label, first.remembered) == (str(ada.id), "ada", False)
    assert second.remembered
    assert len(list_profiles(actor.tenant, store)) == 2
    _, again = outcome_of(actor, store, queue, MEETING, JobKind.IDENTIFY, who="all", threshold=50.0)
    assert [speaker.match for speaker in again.speakers] == [first.match, second.match]


FAILURES: dict[str, tuple[bytes, JobKind, dict[str, Any], str]] = {
    "no sound": (b"", JobKind.DIARIZE, {}, "audio_empty"),
    "no recording": (b"this is no recording" * 99, JobKind.DIARIZE, {}, "audio_not_recognised"),
    "cut": (MEETING[:5_000], JobKind.DIARIZE, {}, "audio_truncated"),
    "silence": (voices.as_wav(bytes(64_000)), JobKind.DIARIZE, {"needs_speech": True}, "audio_silent"),
    "no voice": (voices.as_wav(bytes(64_000)), JobKind.VOICEPRINT, {}, "audio_silent"),
    "nobody of this name": (MEETING, JobKind.IDENTIFY, {"who": ("zoe",)}, "profile_not_found"),
    "another model": (
        MEETING,
        JobKind.IDENTIFY,
        {"known": (Known("ann", Voice(bytes(4 * 81), 3.0, "other@1")),)},
        "voiceprint_foreign",
    ),
    "a cut voiceprint": (
        MEETING,
        JobKind.IDENTIFY,
        {"known": (Known("ann", Voice(bytes(40), 3.0, "spectrum@1")),)},
        "voiceprint_foreign",
    ),
}


def test_failures_are_told_with_a_code(actor: Actor, store: Store, queue: JobQueue) -> None:
    for name, (sound, kind, order, code) in FAILURES.items():
        job, outcome = outcome_of(actor, store, queue, sound, kind, **order)
        assert job.state is JobState.FAILED, name
        assert outcome.code == code, name
        assert outcome.error, name
        assert outcome.turns == (), name


def test_too_long_a_voiceprint_tells_how_long_it_is(actor: Actor, store: Store, queue: JobQueue) -> None:
    long = voices.as_wav(voices.pcm("ada", 1, 2, 3, 4, 5) * 2)
    _, outcome = outcome_of(actor, store, queue, long, JobKind.VOICEPRINT)
    assert outcome.error is not None
    assert f"{2 * voices.seconds('ada', 1, 2, 3, 4, 5):.1f} s" in outcome.error
    assert "30 s" in outcome.error


def test_silence_is_no_failure_by_itself(actor: Actor, store: Store, queue: JobQueue) -> None:
    job, outcome = outcome_of(actor, store, queue, voices.as_wav(bytes(64_000)))
    assert job.state is JobState.SUCCEEDED
    assert (outcome.turns, outcome.speakers, outcome.seconds) == ((), (), 2.0)


def test_a_recording_from_elsewhere_goes_when_the_job_ends(
    actor: Actor, store: Store, queue: JobQueue, there: Elsewhere, home: Path
) -> None:
    there.files["it.wav"] = MEETING
    job, outcome = outcome_of(actor, store, queue, None, source=f"{there.url}/files/it.wav")
    assert job.state is JobState.SUCCEEDED
    assert len(outcome.speakers) == 2
    no_files(home)
    for address, code in (
        (f"{there.url}/files/none.wav", "recording_unavailable"),
        (f"{there.url}/cut", "recording_unavailable"),
        (f"{there.url}/to?url=file:///etc/passwd", "address_refused"),
    ):
        job, outcome = outcome_of(actor, store, queue, None, source=address)
        assert (job.state, outcome.code) == (JobState.FAILED, code)
        assert there.url not in (outcome.error or "")
    no_files(home)


def no_files(home: Path) -> None:
    """The recordings go a moment after the end is stored: a crash in between is the sweep's."""
    end = time.monotonic() + 30
    while [path for path in (home / "media").rglob("*") if path.is_file()]:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_what_is_wrong_is_refused_and_makes_no_job(actor: Actor, store: Store, queue: JobQueue) -> None:
    wrong: list[tuple[Order, type[EarmarkError]]] = [
        (Order(JobKind.DIARIZE, "media://none"), MediaNotFound),
        (Order(JobKind.DIARIZE, "media://no such key"), InvalidRequest),
        (Order(JobKind.DIARIZE, "ftp://host/x"), AddressRefused),
        (Order(JobKind.DIARIZE, "/etc/passwd"), AddressRefused),
        (Order(JobKind.DIARIZE, "https://host/x", speakers=0), InvalidRequest),
        (Order(JobKind.DIARIZE, "https://host/x", webhook=Webhook("mailto:a@b")), AddressRefused),
    ]
    for order, error in wrong:
        with pytest.raises(error):
            submit_job(actor, store, queue, order, door="native")
    listener = replace(actor, permissions=frozenset({Permission.RECOGNISE}))
    with pytest.raises(PermissionDenied, match="enrol"):
        submit_job(
            listener, store, queue, Order(JobKind.DIARIZE, "https://host/x", remember=True), door="native"
        )
    assert list_jobs(actor, store).total == 0


def test_private_addresses_are_refused_unless_allowed(actor: Actor, store: Store, engine: Engine) -> None:
    with open_queue(store, engine, rules=jobs.JobRules()) as queue:
        for address in ("http://127.0.0.1/x", "http://[::1]/x", "http://169.254.169.254/latest"):
            with pytest.raises(AddressRefused):
                submit_job(actor, store, queue, Order(JobKind.DIARIZE, address), door="native")


def test_another_tenants_jobs_are_not_there(
    actor: Actor, stranger: Actor, store: Store, queue: JobQueue
) -> None:
    job = ended(actor, store, ask(actor, store, queue, MEETING).id)
    for reads in (find_job, read_order, read_outcome):
        with pytest.raises(JobNotFound):
            reads(stranger, store, job.id)
    for changes in (cancel_job, delete_job):
        with pytest.raises(JobNotFound):
            changes(stranger, store, queue, job.id)
    with pytest.raises(MediaNotFound):
        ask(stranger, store, queue, None)
    assert list_jobs(stranger, store).total == 0


def test_jobs_take_turns(actor: Actor, stranger: Actor, store: Store, engine: Engine) -> None:
    noise = b"no recording"
    with open_queue(store, engine, workers=0) as queue:  # nobody works yet
        flood = [ask(actor, store, queue, noise).id for _ in range(12)]
        newcomer = [ask(stranger, store, queue, noise).id for _ in range(2)]
    with open_queue(store, engine):
        ends = {one: ended(actor, store, one).ended for one in flood}
        ends |= {one: ended(stranger, store, one).ended for one in newcomer}
    order = sorted(ends, key=lambda one: (ends[one] is None, ends[one]))
    assert order.index(newcomer[0]) <= 2  # after the flood's first, not after its twelfth
    assert order.index(newcomer[1]) <= 5
    assert [one for one in order if one in flood] == flood


def test_a_full_queue_refuses_and_others_go_on(
    actor: Actor, stranger: Actor, store: Store, engine: Engine
) -> None:
    rules = replace(ANYWHERE, most=3, most_all=4)
    with open_queue(store, engine, workers=0, rules=rules) as queue:
        waiting = [ask(actor, store, queue, MEETING) for _ in range(3)]
        with pytest.raises(QueueFull):
            ask(actor, store, queue, MEETING)
        ask(stranger, store, queue, MEETING)
        with pytest.raises(QueueFull):
            ask(stranger, store, queue, MEETING)
        assert cancel_job(actor, store, queue, waiting[0].id).state is JobState.CANCELED
        ask(actor, store, queue, MEETING)
        assert list_jobs(actor, store).total == 4


class Slow(Engine):
    """Hears as long as it is let, and tells that it began."""

    def __init__(self, models: Path) -> None:
        super().__init__(model="spectrum", home=models)
        self.began = threading.Event()

    def diarize(self, *args: Any, told: Callable[[float], None] | None = None, **more: Any) -> Any:
        assert told is not None
        self.began.set()
        while True:
            told(0.5)
            time.sleep(0.01)


@pytest.mark.parametrize("how", ["canceled", "deleted", "tenant deleted"])
def test_a_running_job_stops_when_it_is_ended(
    stranger: Actor, store: Store, models: Path, how: str, home: Path
) -> None:
    slow = Slow(models)
    with open_queue(store, slow) as queue:
        job = ask(stranger, store, queue, MEETING)
        assert slow.began.wait(60)
        if how == "canceled":
            assert cancel_job(stranger, store, queue, job.id).state is JobState.CANCELED
            outcome = read_outcome(stranger, store, job.id)
            assert outcome is not None
            assert (outcome.code, outcome.turns) == ("canceled", ())
        elif how == "deleted":
            delete_job(stranger, store, queue, job.id)
            with pytest.raises(JobNotFound):
                find_job(stranger, store, job.id)
        else:
            delete_tenant(store, stranger.tenant)
            queue.media.remove(stranger.tenant)
            no_files(home)
        end = time.monotonic() + 60
        while queue.begun_by():
            assert time.monotonic() < end, "it goes on"
            time.sleep(0.05)


def test_what_runs_too_long_is_stopped(actor: Actor, store: Store, models: Path) -> None:
    retention = replace(QUICK.retention, running=timedelta(seconds=0.3))
    with open_queue(store, Slow(models), retention=retention) as queue:
        job, outcome = outcome_of(actor, store, queue, MEETING)
    assert (job.state, outcome.code) == (JobState.FAILED, "job_timed_out")


def test_a_fault_of_ours_fails_the_job_and_tells_nothing(
    actor: Actor, store: Store, models: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Slow):
        def diarize(self, *args: Any, **more: Any) -> Any:
            raise KeyError("ada's secret")

    with open_queue(store, Broken(models)) as queue:
        job, outcome = outcome_of(actor, store, queue, MEETING)
    assert (job.state, outcome.code) == (JobState.FAILED, "error")
    assert "secret" not in f"{outcome.error}"
    assert [record.getMessage() for record in caplog.records if "KeyError" in record.getMessage()]
    assert "secret" not in " ".join(record.getMessage() for record in caplog.records)


def test_a_process_that_stops_puts_its_work_off(
    actor: Actor, store: Store, models: Path, engine: Engine
) -> None:
    slow = Slow(models)
    with open_queue(store, slow) as queue:
        job = ask(actor, store, queue, MEETING)
        assert slow.began.wait(60)
    assert find_job(actor, store, job.id).state is JobState.CREATED
    with open_queue(store, engine):
        assert ended(actor, store, job.id).state is JobState.SUCCEEDED


def test_whoever_waits_is_woken(actor: Actor, store: Store, queue: JobQueue) -> None:
    async def wait(job_id: UUID) -> float:
        begun = time.monotonic()
        while not find_job(actor, store, job_id).state.ended:
            await queue.wait(job_id, 50.0)
        return time.monotonic() - begun

    assert asyncio.run(wait(ask(actor, store, queue, MEETING).id)) < 50.0
    before = time.monotonic()
    asyncio.run(queue.wait(uuid4(), 0.1))
    assert time.monotonic() - before >= 0.1


def test_the_same_identifier_is_the_same_job(actor: Actor, store: Store, queue: JobQueue) -> None:
    put_media(actor, store, queue.media, "it", [MEETING], rules=queue.how.media_rules)
    chosen = uuid4()
    order = Order(JobKind.DIARIZE, "media://it")
    made = [submit_job(actor, store, queue, order, door="native", job_id=chosen) for _ in range(3)]
    assert {job.id for job in made} == {chosen}
    assert list_jobs(actor, store).total == 1


def test_an_upload_may_be_replaced_while_a_job_has_it(
    actor: Actor, store: Store, engine: Engine, home: Path
) -> None:
    with open_queue(store, engine, workers=0) as queue:
        job = ask(actor, store, queue, MEETING)
        put_media(actor, store, queue.media, "it", [b"no recording"], rules=queue.how.media_rules)
    with open_queue(store, engine):
        assert ended(actor, store, job.id).state is JobState.SUCCEEDED
    # The old one went with the job, the new one stays.
    assert len({path.parent for path in (home / "media").rglob("*") if path.is_file()}) == 1


def test_an_end_is_told_until_it_arrives(
    actor: Actor, store: Store, queue: JobQueue, there: Elsewhere
) -> None:
    there.answers[:] = [500, 503]
    job = ask(actor, store, queue, MEETING, webhook=Webhook(f"{there.url}/hook"))
    there.wait(3)
    assert {got.body for got in there.got} == {str(job.id).encode()}
    end = time.monotonic() + 30
    while queue.sweep() and list_untold(store):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert len(there.got) == 3


def test_nobody_is_told_for_ever(actor: Actor, store: Store, queue: JobQueue, there: Elsewhere) -> None:
    there.answers[:] = [500] * 99
    job = ask(actor, store, queue, MEETING, webhook=Webhook(f"{there.url}/hook"))
    ended(actor, store, job.id)
    there.wait(3)
    end = time.monotonic() + 30
    while list_untold(store):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert len(there.got) == 3


def test_one_queue_a_process(store: Store, queue: JobQueue, engine: Engine) -> None:
    with pytest.raises(RuntimeError, match="already"), open_queue(store, engine):
        pass
    assert queue.begun_by() == {}
