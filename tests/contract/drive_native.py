"""Microsoft's native core, worked by remote control through its C functions, beside a server on port 80.

The core drops the port of every address, so it and the server get a network of their own, with nothing in it
but the loopback. Lines of JSON as in drive.js; argument: the server's home.
"""

import ctypes
import fcntl
import importlib.util
import json
import os
import socket
import struct
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from server import running_server

# The values that the core's public headers give.
REASONS = {
    0: "NoMatch",
    1: "Canceled",
    17: "EnrollingVoiceProfile",
    18: "EnrolledVoiceProfile",
    19: "RecognizedSpeakers",
    20: "RecognizedSpeaker",
    21: "ResetVoiceProfile",
    22: "DeletedVoiceProfile",
}
JSON_RESULT, JSON_ERROR, ERROR_DETAILS = 5000, 5001, 6002
TICKS = 10_000_000  # in a second
TEXTS = ("profileId", "createdDateTime", "lastUpdatedDateTime")
COUNTS = ("enrollmentsCount", "remainingEnrollmentsCount")
LENGTHS = (
    *("enrollmentsLengthInSec", "enrollmentsSpeechLengthInSec", "remainingEnrollmentsSpeechLengthInSec"),
    *("audioLengthInSec", "audioSpeechLengthInSec"),
)


class Unavailable(Exception):
    """This machine cannot do it; says why."""


class Failed(Exception):
    """A function of the core returned an error."""


def network_of_its_own() -> None:
    """Leave the machine's network for an empty one, as root or in a user namespace, and bring `lo` up."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, network = 0x10000000, 0x40000000  # CLONE_NEWUSER, CLONE_NEWNET
    uid, gid = os.getuid(), os.getgid()
    if uid != 0 or libc.unshare(network) != 0:
        if libc.unshare(user | network) != 0:
            raise Unavailable(f"no network namespace of its own: {os.strerror(ctypes.get_errno())}")
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
    with socket.socket() as any_socket:
        up = struct.pack("16sh14x", b"lo", 0x1 | 0x40)  # IFF_UP, IFF_RUNNING
        fcntl.ioctl(any_socket, 0x8914, up)  # SIOCSIFFLAGS


def library() -> ctypes.CDLL:
    """The core of the PyPI wheel, without the package around it."""
    if sys.platform != "linux":
        raise Unavailable("the native core is driven on Linux only")
    try:
        spec = importlib.util.find_spec("azure.cognitiveservices.speech")
    except ModuleNotFoundError:
        spec = None
    if spec is None or spec.origin is None:
        raise Unavailable("azure-cognitiveservices-speech is not installed")
    try:
        core = ctypes.CDLL(str(Path(spec.origin).with_name("libMicrosoft.CognitiveServices.Speech.core.so")))
    except OSError as error:
        raise Unavailable(f"the native core cannot be loaded here: {error}") from None
    for name in ("property_bag_get_string", "error_get_message"):
        getattr(core, name).restype = ctypes.c_void_p
    return core


class Core:
    """The core's functions by name: handles are pointers, and what they return is an error unless it is 0."""

    def __init__(self) -> None:
        self._core = library()

    def do(self, name: str, *args: Any) -> None:
        function = getattr(self._core, name)
        function.restype = ctypes.c_size_t
        code = function(*args)
        if code:
            said = self._core.error_get_message(ctypes.c_void_p(code))
            text = ctypes.cast(said, ctypes.c_char_p).value if said else None
            raise Failed(text.decode("utf-8", "replace") if text else f"{name} returned 0x{code:x}")

    def make(self, name: str, *args: Any) -> ctypes.c_void_p:
        """Call a function whose first argument is where the new handle goes."""
        handle = ctypes.c_void_p()
        self.do(name, ctypes.byref(handle), *args)
        return handle

    def last(self, name: str, *args: Any) -> ctypes.c_void_p:
        """Call a function whose last argument is where the new handle goes."""
        handle = ctypes.c_void_p()
        self.do(name, *args, ctypes.byref(handle))
        return handle

    def text(self, bag: ctypes.c_void_p, name: int | str) -> str:
        """A property by its number or its name; empty when there is none."""
        number, named = (name, None) if isinstance(name, int) else (-1, name.encode())
        pointer = self._core.property_bag_get_string(bag, number, named, b"")
        value = ctypes.cast(pointer, ctypes.c_char_p).value if pointer else b""
        self._core.property_bag_free_string(ctypes.c_void_p(pointer))
        return (value or b"").decode()


class Driver:
    """The calls of drive.js, in terms of the core's functions."""

    def __init__(self) -> None:
        self.core = Core()
        self.config = self.client = ctypes.c_void_p()

    def open(self, *, key: str) -> Any:
        self.config = self.core.make("speech_config_from_host", b"http://localhost", key.encode())
        self.client = self.core.make("create_voice_profile_client_from_config", self.config)
        return {"class": "VoiceProfileClient"}

    def create(self, *, type: int, locale: str) -> Any:
        made = self.core.last("create_voice_profile", self.client, type + 1, locale.encode())
        kind, size = ctypes.c_int(), ctypes.c_uint32()
        self.core.do("voice_profile_get_type", made, ctypes.byref(kind))
        self.core.do("voice_profile_get_id", made, None, ctypes.byref(size))
        text = ctypes.create_string_buffer(size.value)
        self.core.do("voice_profile_get_id", made, text, ctypes.byref(size))
        self.core.do("voice_profile_release_handle", made)
        return {"class": "VoiceProfile", "profileId": text.value.decode(), "type": kind.value - 1}

    def get(self, *, profile: Any) -> Any:
        kind = profile["type"] + 1
        got = self.core.last("retrieve_enrollment_result", self.client, profile["id"].encode(), kind)
        return self._enrollment(got)

    def list(self, *, type: int) -> Any:
        text, size = ctypes.c_void_p(), ctypes.c_size_t()
        self.core.do("get_profiles_json", self.client, type + 1, ctypes.byref(text), ctypes.byref(size))
        ids = (ctypes.cast(text, ctypes.c_char_p).value or b"").decode().split("|")
        return [
            {"class": "VoiceProfileEnrollmentResult", "details": {"profileId": id_}} for id_ in ids if id_
        ]

    def phrases(self, *, type: int, locale: str) -> Any:
        got = self.core.last("get_activation_phrases", self.client, locale.encode(), type + 1)
        said = self._result("VoiceProfilePhraseResult", got, ["speakerrecognition.phrases"])
        phrases = said.pop("speakerrecognition.phrases").split("|")
        return said | {"phrases": [phrase for phrase in phrases if phrase]}

    def enroll(self, *, profile: Any, audio: Any) -> Any:
        sound = self._audio(audio)
        held = self._profile(profile)
        return self._enrollment(self.core.last("enroll_voice_profile", self.client, held, sound))

    def reset(self, *, profile: Any) -> Any:
        done = self.core.last("reset_voice_profile", self.client, self._profile(profile))
        return self._result("VoiceProfileResult", done)

    def delete(self, *, profile: Any) -> Any:
        done = self.core.last("delete_voice_profile", self.client, self._profile(profile))
        return self._result("VoiceProfileResult", done)

    def verify(self, *, profile: Any, audio: Any) -> Any:
        model = self.core.make("speaker_verification_model_create", self._profile(profile))
        return self._recognised("speaker_recognizer_verify", model, audio)

    def identify(self, *, profiles: Any, audio: Any) -> Any:
        model = self.core.make("speaker_identification_model_create")
        for profile in profiles:
            self.core.do("speaker_identification_model_add_profile", model, self._profile(profile))
        return self._recognised("speaker_recognizer_identify", model, audio)

    def _recognised(self, function: str, model: ctypes.c_void_p, audio: Any) -> Any:
        name = "recognizer_create_speaker_recognizer_from_config"
        recognizer = self.core.make(name, self.config, self._audio(audio))
        names = ["speakerrecognition.profileid", "speakerrecognition.score"]
        done = self.core.last(function, recognizer, model)
        said = self._result("SpeakerRecognitionResult", done, names)
        self.core.do("speaker_recognizer_release_handle", recognizer)
        profile, score = (said.pop(name) for name in names)
        return said | {"profileId": profile, "score": float(score or "nan")}

    def _profile(self, profile: Any) -> ctypes.c_void_p:
        name = "create_voice_profile_from_id_and_type"
        return self.core.make(name, profile["id"].encode(), profile["type"] + 1)

    def _audio(self, audio: Any) -> ctypes.c_void_p:
        name = "audio_config_create_audio_input_from_wav_file_name"
        return self.core.make(name, audio["wav"].encode())

    def _enrollment(self, handle: ctypes.c_void_p) -> Any:
        names = (*TEXTS, *COUNTS, *LENGTHS)
        said = self._result("VoiceProfileEnrollmentResult", handle, [f"enrollment.{name}" for name in names])
        found = {name: said.pop(f"enrollment.{name}") for name in names}
        details: dict[str, Any] = {name: found[name] for name in TEXTS if found[name]}
        if said["json"]:  # the status is no property of the result, only what it makes the reason of
            details["enrollmentStatus"] = json.loads(said["json"]).get("enrollmentStatus")
        details |= {name: int(found[name]) for name in COUNTS if found[name]}
        details |= {name: int(found[name]) / TICKS for name in LENGTHS if found[name]}
        return said | {"details": details}

    def _result(self, kind: str, handle: ctypes.c_void_p, names: Sequence[str] = ()) -> dict[str, Any]:
        reason = ctypes.c_int()
        self.core.do("result_get_reason", handle, ctypes.byref(reason))
        bag = self.core.last("result_get_property_bag", handle)
        said = {"class": kind, "reason": REASONS.get(reason.value, str(reason.value))}
        said["json"] = self.core.text(bag, JSON_RESULT)
        said["errorDetails"] = self.core.text(bag, ERROR_DETAILS) or self.core.text(bag, JSON_ERROR)
        said |= {name: self.core.text(bag, name) for name in names}
        self.core.do("property_bag_release", bag)
        self.core.do("recognizer_result_handle_release", handle)
        return said


def answer(said: Any) -> None:
    print(json.dumps(said), flush=True)


def main() -> None:
    with ExitStack() as stack:
        try:
            network_of_its_own()
            driver = Driver()
            stack.enter_context(running_server(Path(sys.argv[1]), ports=(80,)))
        except Unavailable as error:
            answer({"unavailable": str(error)})
            return
        for line in sys.stdin:
            asked = json.loads(line)
            call = asked.pop("call")
            try:
                answer({"call": call, "result": getattr(driver, call)(**asked)})
            except Failed as error:
                answer({"call": call, "rejected": str(error)})


if __name__ == "__main__":
    main()
