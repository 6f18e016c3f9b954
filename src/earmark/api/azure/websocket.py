"""One WebSocket connection: messages in, answers out, several requests at a time (contract, section 4)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import structlog
from starlette.responses import JSONResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from earmark.api.access import actor_of
from earmark.api.azure import websocket_answers as answers
from earmark.api.azure.convert import Json
from earmark.api.azure.limits import RANKED, SCENARIOS, Scenario, find_locale
from earmark.api.azure.websocket_frames import MalformedFrame, Message, read_binary, read_text, write_text
from earmark.api.azure.websocket_stream import Stream
from earmark.api.door import Door, door_of
from earmark.api.family import explain
from earmark.errors import EarmarkError, InvalidArgument, KeyInvalid, ProfileNotFound
from earmark.service import phrases, profiles, recognise, tenants
from earmark.service.actor import Actor
from earmark.service.enrol import add_recordings
from earmark.service.policy import missing
from earmark.storage.labels import parse_guid
from earmark.storage.values import Profile
from earmark.voice.audio import RawFormat
from earmark.voice.scoring.operating import Aim

MOST_STREAMS = 4  # open at once on a connection; the clients have one
MOST_WORKING = 16  # requests that are answered at once on a connection
PROTOCOL_ERROR, MALFORMED, TOO_BUSY = 1002, 1007, 1013
RATES = range(8_000, 48_001)
BY_NAME = {scenario.name.lower(): scenario for scenario in SCENARIOS}

log = structlog.get_logger(__name__)


async def WEBSOCKET(websocket: WebSocket) -> None:  # noqa: N802 - a constant to whoever mounts it
    """Serve one connection, on whatever path: a client's `fromEndpoint` uses any."""
    try:
        actor = await actor_of(websocket)
    except KeyInvalid as error:
        body = {"error": {"code": "Unauthorized", "message": str(error)}}
        await websocket.send_denial_response(JSONResponse(body, 401))
        return
    await websocket.accept()
    session = _Session(websocket, door_of(websocket), actor)
    try:
        await session.run()
    finally:
        await session.close()


@dataclass
class _Session:
    """What a connection remembers. The scenario comes with each message, never from the path."""

    websocket: WebSocket
    door: Door
    actor: Actor
    sample_rate: int = 16_000
    streams: dict[str, Stream] = field(default_factory=dict)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> None:
        """Read until the client goes, says nothing for too long, or sends what is no message."""
        while True:
            try:
                async with asyncio.timeout(self.door.settings.idle_seconds):
                    frame = await self.websocket.receive()
            except TimeoutError:
                await self.websocket.close(1000)
                return
            if frame["type"] == "websocket.disconnect":
                return
            try:
                text, data = frame.get("text"), frame.get("bytes")
                message = read_text(text) if text is not None else read_binary(data or b"")
            except MalformedFrame:
                await self.websocket.close(MALFORMED if frame.get("text") is not None else PROTOCOL_ERROR)
                return
            if len(self.tasks) >= MOST_WORKING:
                await self.websocket.close(TOO_BUSY)
                return
            self.take(message)

    async def close(self) -> None:
        """Forget all audio and stop what is under way."""
        for stream in self.streams.values():
            stream.drop()
        self.streams.clear()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def take(self, message: Message) -> None:
        """Begin what a message asks for; what nobody knows, such as telemetry, is passed over."""
        if message.path == "audio":
            if stream := self.streams.get(message.request_id):
                stream.take(message.payload or b"")
        elif message.path == "speech.config":
            self.sample_rate = _sample_rate(message.body)
        elif message.path == "speaker.profile.enroll":
            self.begin_stream(message, "speaker.profile.enrollment", self.enroll)
        elif message.path == "speaker.context":
            self.begin_stream(message, "speaker.response", self.recognise)
        elif message.path == "speaker.profile.phrases":
            self.begin(message, "speaker.phrases", self.show_phrases)
        elif work := self.profile_work().get(message.path):
            self.begin(message, "speaker.profiles", work)

    def profile_work(self) -> dict[str, Callable[[Message], Awaitable[Json]]]:
        """Return what answers the messages about profiles."""
        return {
            "speaker.profile.create": self.create,
            "speaker.profile.fetch": self.fetch,
            "speaker.profile.reset": self.reset,
            "speaker.profile.delete": self.delete,
        }

    def begin(self, message: Message, path: str, work: Callable[[Message], Awaitable[Json]]) -> None:
        """Answer a message in a task of its own, so that reading goes on."""

        async def answer() -> None:
            body = await work(message)
            try:
                await self.websocket.send_text(write_text(path, message.request_id, body))
            except (WebSocketDisconnect, RuntimeError):
                return  # the client has gone; many never say so

        task = asyncio.create_task(answer())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def begin_stream(
        self, message: Message, path: str, work: Callable[[Message, Stream], Awaitable[Json]]
    ) -> None:
        """Collect the audio that follows under the same request id; answer when it is enough."""
        scenario = _scenario(message)
        raw = RawFormat("s16le", self.sample_rate, 1)
        stream = Stream(self.door, raw, most_seconds=scenario.clip_seconds[1])
        open_already = self.streams.pop(message.request_id, None)
        if open_already:
            open_already.drop()
        self.streams[message.request_id] = stream
        if len(self.streams) > MOST_STREAMS:
            oldest = next(iter(self.streams))
            self.streams.pop(oldest).end()  # decided with what there is

        async def collect(asked: Message) -> Json:
            try:
                return await work(asked, stream)
            finally:
                stream.drop()
                if self.streams.get(asked.request_id) is stream:
                    del self.streams[asked.request_id]  # late audio of an answered request is nobody's

        self.begin(message, path, collect)

    async def create(self, message: Message) -> Json:
        scenario = _scenario(message)
        asked = str(message.body.get("locale", ""))
        # Lenient: no answer makes the client report a failure of this operation well.
        locale = find_locale(asked, scenario) or "en-US"
        try:
            made = await self.do(
                profiles.create_profile,
                kind=scenario.kind,
                locale=locale,
                most=self.door.settings.max_profiles,
            )
        except Exception as error:
            return answers.profiles_failure("create", scenario, explain(error), "")
        return await self.shown("create", scenario, [made])

    async def fetch(self, message: Message) -> Json:
        scenario = _scenario(message)
        asked = _ids(message)
        try:
            if asked:
                found = [await self.do(profiles.show_profile, _guid(asked[0]), kind=scenario.kind)]
            else:
                found = await self.do(profiles.list_profiles, kind=scenario.kind)
        except Exception as error:
            return answers.profiles_failure("fetch", scenario, explain(error), asked[0] if asked else "")
        return await self.shown("fetch", scenario, found)

    async def reset(self, message: Message) -> Json:
        scenario, asked = _scenario(message), _one_id(message)
        try:
            emptied = await self.do(profiles.reset_profile, _guid(asked), kind=scenario.kind)
        except Exception as error:
            return answers.profiles_failure("reset", scenario, explain(error), asked)
        return await self.shown("reset", scenario, [emptied])

    async def delete(self, message: Message) -> Json:
        scenario, asked = _scenario(message), _one_id(message)
        try:
            profile = await self.do(profiles.show_profile, _guid(asked), kind=scenario.kind)
            await self.do(profiles.delete_profile, profile.id, kind=scenario.kind)
        except Exception as error:
            return answers.profiles_failure("delete", scenario, explain(error), asked)
        return answers.profiles_answer("delete", scenario, [profile])

    async def shown(self, operation: str, scenario: Scenario, found: list[Profile]) -> Json:
        """Return the answer about profiles; some may wait for an activation phrase."""
        activation = False
        if not scenario.dependent and not all(profile.enrolments for profile in found):
            try:
                activation = (await self.do(tenants.show_tenant)).activation
            except Exception as error:
                return answers.profiles_failure(operation, scenario, explain(error), "")
        return answers.profiles_answer(operation, scenario, found, activation=activation)

    async def show_phrases(self, message: Message) -> Json:
        scenario, locale = _scenario(message), str(message.body.get("locale", ""))[:35]
        try:
            found = await self.do(phrases.show_phrases, locale)
        except EarmarkError:
            return answers.phrases_failure(locale)
        said = found.passphrases if scenario.dependent else found.activation_phrases
        return answers.phrases_answer(scenario, locale, said) if said else answers.phrases_failure(locale)

    async def enroll(self, message: Message, stream: Stream) -> Json:
        scenario, asked = _scenario(message), _one_id(message)
        try:
            profile: Profile = await self.do(profiles.show_profile, _guid(asked), kind=scenario.kind)
            lacks = missing(profile, scenario.enrolment).speech_seconds
            audio, raw = await stream.collect(needed_seconds=lacks)
            done = await self.door.pool.run(
                add_recordings,
                self.actor,
                self.door.store,
                self.door.engine,
                profile.id,
                [audio],
                kind=scenario.kind,
                policy=scenario.enrolment,
                raw=raw,
            )
        except Exception as error:
            return answers.enrolment_failure(scenario, explain(error))
        return answers.enrolment_answer(scenario, done)

    async def recognise(self, message: Message, stream: Stream) -> Json:
        scenario = _scenario(message)
        door = self.door
        common: dict[str, Any] = {
            "kind": scenario.kind,
            "usual": Aim(fmr=door.settings.fmr),
            "rules": scenario.recognition,
            "clip_seconds": scenario.clip_seconds,
        }
        try:
            among = [_guid(text) for text in _ids(message)]
            _check_count(among, scenario)
            audio, raw = await stream.collect(needed_seconds=scenario.recognition.speech_seconds)
            parts = self.actor, door.store, door.engine
            if scenario.identifies:
                found = await door.pool.run(
                    recognise.identify,
                    *parts,
                    audio,
                    among=among,
                    one_locale=True,
                    top=RANKED,
                    raw=raw,
                    **common,
                )
                return answers.identification_answer(scenario, found.identification)
            verified = await door.pool.run(
                recognise.verify,
                *parts,
                among[0],
                audio,
                raw=raw,
                lock_out=door.settings.azure_lock_out,
                **common,
            )
            return answers.verification_answer(scenario, verified, str(among[0]))
        except Exception as error:
            return answers.recognition_failure(scenario, explain(error))

    async def do(self, work: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Run a use case that needs the store alone."""
        return await self.door.pool.run(work, self.actor, self.door.store, *args, **options)


def _scenario(message: Message) -> Scenario:
    """Return the scenario that a message names; text-independent verification for a name nobody knows."""
    return BY_NAME.get(str(message.body.get("scenario", "")).lower(), SCENARIOS[1])


def _ids(message: Message) -> list[str]:
    found = message.body.get("profileIds")
    return [str(one)[:64] for one in found[:51]] if isinstance(found, list) else []


def _one_id(message: Message) -> str:
    return next(iter(_ids(message)), "")


def _guid(text: str) -> Any:
    found = parse_guid(text)
    if found is None:
        raise ProfileNotFound("There is no profile of this identifier.")
    return found


def _check_count(among: list[Any], scenario: Scenario) -> None:
    most = 50 if scenario.identifies else 1
    if not 1 <= len(among) <= most:
        raise InvalidArgument(f"Give 1 to {most} profile ids.")


def _sample_rate(body: dict[str, Any]) -> int:
    """Return the rate of a connection's audio; a profile connection states none, and sends 16 kHz."""
    found: Any = body
    for name in ("context", "audio", "source", "samplerate"):
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, int) and found in RATES else 16_000
