"""Settings to how jobs are worked on: by `earmark serve` beside serving, and by `earmark worker` alone."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from earmark.api.native import webhook as native
from earmark.api.pyannoteai import webhook as pyannoteai
from earmark.api.settings import Settings
from earmark.service.job_queue import JobQueue, Work
from earmark.service.jobs import JobRules
from earmark.service.media import MediaRules
from earmark.service.outgoing import Outgoing, Policy
from earmark.service.retention import Retention
from earmark.service.webhooks import Write
from earmark.storage.blobs import open_media
from earmark.storage.store import Store
from earmark.telemetry.faults import describe_fault
from earmark.voice.engine import Engine

WRITERS: Mapping[str, Write] = {"pyannoteai": pyannoteai.write, "native": native.write}


@contextmanager
def open_jobs(
    store: Store, engine: Engine, settings: Settings, *, workers: int | None = None
) -> Iterator[JobQueue]:
    """Open the queue of jobs and work on it, with `workers` or as many as are set; closed at the end."""
    how = read_work(settings)
    if workers is not None:
        how = replace(how, workers=workers)
    media = open_media(settings.media_url, store.home)
    jobs = JobQueue(store, engine, media, how, writers=WRITERS, describe=describe_fault)
    try:
        yield jobs
    finally:
        jobs.close()


def read_work(settings: Settings) -> Work:
    """Return what the settings say of jobs."""
    outgoing = Outgoing(settings.outgoing)
    return Work(
        workers=settings.job_workers,
        rules=JobRules(
            policy=Policy(outgoing),
            webhook_policy=Policy(outgoing, plain_http=settings.webhook_plain_http),
            most=settings.most_jobs,
            most_all=settings.most_jobs_all,
        ),
        media_rules=MediaRules(
            most_bytes=settings.media_bytes,
            tenant_bytes=settings.tenant_media_bytes,
            lifetime=timedelta(hours=settings.media_hours),
        ),
        retention=Retention(
            output=timedelta(hours=settings.output_hours),
            job=timedelta(hours=settings.job_hours),
            running=timedelta(seconds=settings.job_seconds),
        ),
        waits=settings.webhook_waits,
        drain_seconds=settings.drain_seconds,
    )
