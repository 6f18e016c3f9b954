"""Every error that Earmark raises on purpose, in one tree.

EarmarkError
├── AudioError                  the recording cannot be used (command line: exit 3)
│   ├── AudioEmpty              audio_empty
│   ├── AudioUnreadable         audio_unreadable        a folder, a forbidden file, a stream that breaks
│   ├── AudioNotRecognised      audio_not_recognised    not audio, or a format nobody knows
│   ├── AudioTruncated          audio_truncated
│   ├── AudioCorrupt            audio_corrupt
│   ├── AudioWithoutSound       audio_without_sound     a video or container without a sound track
│   ├── AudioUnsupported        audio_unsupported       sample rate, channels or values out of range
│   ├── AudioCodecMissing       audio_codec_missing     needs the extra `media`
│   ├── AudioTooLarge           audio_too_large         bytes in
│   ├── AudioTooLong            audio_too_long          seconds out
│   ├── AudioTooShort           audio_too_short         seconds out, speech or not
│   ├── RecordingUnavailable    recording_unavailable   it could not be fetched from its address
│   ├── PhraseNotHeard          phrase_not_heard        it says other words than it has to
│   └── QualityRefused          decoded well, but not good enough: names measure, value, limit, advice
│       ├── AudioSilent         audio_silent
│       ├── SpeechTooShort      speech_too_short
│       ├── SpeechTooNoisy      speech_too_noisy
│       ├── AudioClipped        audio_clipped
│       └── SeveralVoices       several_voices
├── NotFound                    (exit 4)
│   ├── FileMissing             file_not_found
│   ├── ProfileNotFound         profile_not_found
│   ├── KeyNotFound             key_not_found
│   ├── TenantNotFound          tenant_not_found
│   ├── OperationNotFound       operation_not_found     an answer that was never kept, or has expired
│   ├── JobNotFound             job_not_found
│   ├── MediaNotFound           media_not_found         never uploaded, or expired
│   ├── ChallengeNotFound       challenge_not_found     never given, or forgotten
│   ├── RouteNotFound           route_not_found         the service has no such address
│   └── ModelNotFound           model_not_found
├── UsageError                  the request cannot be carried out as asked (exit 2)
│   ├── InvalidRequest          invalid_request
│   │   ├── InvalidArgument     invalid_argument        one value alone is malformed or out of range
│   │   ├── AddressRefused      address_refused         an address that may not be fetched from or called
│   │   ├── TrialsInvalid       trials_invalid          a table, trial list or score file that does not read
│   │   ├── TrialsTooFew        trials_too_few          too few speakers or recordings to measure anything
│   │   ├── PhraseUnsupported   phrase_unsupported      a language, word or phrase that cannot be checked
│   │   ├── VoiceprintForeign   voiceprint_foreign      of another maker or model, or damaged
│   │   ├── VoiceDiffers        voice_differs           a recording of an enrolment is another person's
│   │   └── ProfileTaken        profile_taken           another profile has this GUID
│   ├── LabelTaken              label_taken
│   ├── TenantTaken             tenant_taken
│   ├── ProfileNotEnrolled      profile_not_enrolled    too little speech yet to compare with
│   ├── ProfileChanged          profile_changed         somebody else changed it meanwhile
│   ├── ProfileLocked           profile_locked          too many failed attempts: wait
│   ├── ChallengeRefused        challenge_refused       late, used before, or of another profile
│   ├── EnrolmentLimit          enrolment_limit         a profile holds as much as it may
│   ├── ProfileLimit            profile_limit           a tenant holds as many as it may
│   ├── AudioNotKept            audio_not_kept          nothing to make the voiceprint from again
│   ├── RepeatedDifferently     repeated_differently    an idempotency key with another request
│   ├── RequestTooLarge         request_too_large       bytes in, of a body that is no recording
│   ├── RequestTooSlow          request_too_slow
│   ├── MethodNotAllowed        method_not_allowed
│   ├── KeyInvalid              key_invalid             unknown, expired or revoked
│   ├── ProfileFileInvalid      profile_file_invalid    an import that is not a profile export
│   ├── ModelInvalid            model_invalid
│   ├── ModelSelfCheckFailed    model_self_check_failed
│   ├── ModelMismatch           model_mismatch          scoring across models
│   └── PermissionDenied        permission_denied
├── StoreError                  the store cannot be used (exit 5)
│   ├── StoreUnreadable         store_unreadable
│   │   └── StoreAway           store_away
│   ├── StoreTooNew             store_too_new
│   ├── StoreBusy               store_busy
│   ├── MasterKeyMissing        master_key_missing
│   └── SealBroken              seal_broken
└── ServiceError                the service cannot answer now (exit 6)
    ├── ServiceBusy             service_busy            as much work is waiting as may wait
    │   └── QueueFull           queue_full              as many jobs are unfinished as may be
    ├── ServiceUnreachable      service_unreachable     told by the client, never by the service
    └── AddressInUse            address_in_use          it cannot listen there

A class has a stable `code`; the message says what is wrong and what to do next, and never carries a
name, a key, a voiceprint or a transcript.
"""

from typing import ClassVar


class EarmarkError(Exception):
    """Root of the tree. `code` is stable across releases."""

    code: ClassVar[str] = "error"


class AudioError(EarmarkError):
    """The recording cannot be used."""

    code = "audio_error"


class AudioEmpty(AudioError):
    """There are no bytes, or no samples, in the recording."""

    code = "audio_empty"


class AudioUnreadable(AudioError):
    """The file, folder or stream cannot be read from."""

    code = "audio_unreadable"


class AudioNotRecognised(AudioError):
    """The bytes are not audio, or in a format that Earmark does not read."""

    code = "audio_not_recognised"


class AudioTruncated(AudioError):
    """The recording ends before it says it does."""

    code = "audio_truncated"


class AudioCorrupt(AudioError):
    """The recording is damaged and cannot be decoded."""

    code = "audio_corrupt"


class AudioWithoutSound(AudioError):
    """The file is a container without a sound track."""

    code = "audio_without_sound"


class AudioUnsupported(AudioError):
    """The sample rate, the channels or the values are out of range."""

    code = "audio_unsupported"


class AudioCodecMissing(AudioError):
    """Reading this format needs the extra `media`."""

    code = "audio_codec_missing"


class AudioTooLarge(AudioError):
    """The recording has more bytes than the limit."""

    code = "audio_too_large"


class AudioTooLong(AudioError):
    """The recording lasts longer than the limit."""

    code = "audio_too_long"


class AudioTooShort(AudioError):
    """The recording lasts less than the limit, whatever is in it."""

    code = "audio_too_short"


class RecordingUnavailable(AudioError):
    """The recording could not be fetched from its address."""

    code = "recording_unavailable"


class PhraseNotHeard(AudioError):
    """The recording does not say the words that it has to say, completely and in their order."""

    code = "phrase_not_heard"


class QualityRefused(AudioError):
    """A clip that decoded well but is not good enough; carries what was measured.

    `measure` is a field name of `Quality`; `value` and `limit` are in that field's unit.
    """

    code = "quality_refused"

    def __init__(self, message: str, *, measure: str, value: float, limit: float) -> None:
        super().__init__(message)
        self.measure = measure
        self.value = value
        self.limit = limit


class AudioSilent(QualityRefused):
    """There is no speech in the recording."""

    code = "audio_silent"


class SpeechTooShort(QualityRefused):
    """There is less net speech than needed."""

    code = "speech_too_short"


class SpeechTooNoisy(QualityRefused):
    """The speech does not stand out enough from the noise."""

    code = "speech_too_noisy"


class AudioClipped(QualityRefused):
    """Too much of the speech is cut off at the top of its range."""

    code = "audio_clipped"


class SeveralVoices(QualityRefused):
    """More than one person is likely to speak."""

    code = "several_voices"


class NotFound(EarmarkError):
    """What was asked for does not exist."""

    code = "not_found"


class FileMissing(NotFound):
    """A named file or folder does not exist."""

    code = "file_not_found"


class ProfileNotFound(NotFound):
    """No profile of this tenant has that GUID or label."""

    code = "profile_not_found"


class KeyNotFound(NotFound):
    """No API key of this tenant has that identifier."""

    code = "key_not_found"


class TenantNotFound(NotFound):
    """There is no such tenant."""

    code = "tenant_not_found"


class OperationNotFound(NotFound):
    """No answer is kept under that identifier, or no longer."""

    code = "operation_not_found"


class JobNotFound(NotFound):
    """The tenant has no such job, or no longer."""

    code = "job_not_found"


class MediaNotFound(NotFound):
    """The tenant uploaded no such recording, or it has expired."""

    code = "media_not_found"


class ChallengeNotFound(NotFound):
    """The tenant was given no such challenge, or it has been forgotten since."""

    code = "challenge_not_found"


class RouteNotFound(NotFound):
    """The service has nothing at that address."""

    code = "route_not_found"


class ModelNotFound(NotFound):
    """The catalogue has no such model."""

    code = "model_not_found"


class UsageError(EarmarkError):
    """The request cannot be carried out as asked."""

    code = "usage"


class InvalidRequest(UsageError):
    """A value in the request is out of range or contradicts another."""

    code = "invalid_request"


class InvalidArgument(InvalidRequest):
    """One value in the request is malformed or out of range, whatever the others are."""

    code = "invalid_argument"


class AddressRefused(InvalidRequest):
    """An address that the service may not fetch from or call."""

    code = "address_refused"


class TrialsInvalid(InvalidRequest):
    """A table of recordings, a trial list or a score file does not read, or contradicts another."""

    code = "trials_invalid"


class TrialsTooFew(InvalidRequest):
    """Too few speakers or recordings are left to measure error rates on."""

    code = "trials_too_few"


class PhraseUnsupported(InvalidRequest):
    """Nothing can check this phrase: its language, a word of it, its length, or one too much like it."""

    code = "phrase_unsupported"


class VoiceprintForeign(InvalidRequest):
    """A voiceprint of another maker or another model, or a damaged one."""

    code = "voiceprint_foreign"


class VoiceDiffers(InvalidRequest):
    """A recording of an enrolment is clearly of another person than the rest."""

    code = "voice_differs"


class ProfileTaken(InvalidRequest):
    """There is a profile of this GUID already."""

    code = "profile_taken"


class LabelTaken(UsageError):
    """Another profile of the tenant has this label."""

    code = "label_taken"


class TenantTaken(UsageError):
    """There is a tenant of this name already."""

    code = "tenant_taken"


class ProfileNotEnrolled(UsageError):
    """The profile has too little speech yet to be compared with."""

    code = "profile_not_enrolled"


class ProfileChanged(UsageError):
    """The profile was changed by somebody else since it was read."""

    code = "profile_changed"


class ProfileLocked(UsageError):
    """Too many attempts on this profile have failed; the next may come after `retry_after` seconds.

    `retry_after` is None when only somebody with the permission `manage` can unlock it.
    """

    code = "profile_locked"

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ChallengeRefused(UsageError):
    """The challenge has expired, was answered before, or was given for another profile."""

    code = "challenge_refused"


class EnrolmentLimit(UsageError):
    """The profile holds as many recordings, or as much audio, as it may."""

    code = "enrolment_limit"


class ProfileLimit(UsageError):
    """The tenant holds as many profiles as it may."""

    code = "profile_limit"


class AudioNotKept(UsageError):
    """The tenant keeps no enrolment audio, so the voiceprint cannot be made again."""

    code = "audio_not_kept"


class RepeatedDifferently(UsageError):
    """An idempotency key came again with another request, or while the first is under way."""

    code = "repeated_differently"


class RequestTooLarge(UsageError):
    """The request's body has more bytes than the limit."""

    code = "request_too_large"


class RequestTooSlow(UsageError):
    """The request's body did not arrive in time."""

    code = "request_too_slow"


class MethodNotAllowed(UsageError):
    """The address is there, but does not take this method."""

    code = "method_not_allowed"


class KeyInvalid(UsageError):
    """The API key is missing, unknown, expired or revoked."""

    code = "key_invalid"


class ProfileFileInvalid(UsageError):
    """The file is not a profile export, or its passphrase is another."""

    code = "profile_file_invalid"


class ModelInvalid(UsageError):
    """The model cannot be used: not ONNX, wrong shape, damaged, or without a calibration."""

    code = "model_invalid"


class ModelSelfCheckFailed(UsageError):
    """The model cannot tell the built-in voices apart."""

    code = "model_self_check_failed"


class ModelMismatch(UsageError):
    """Vectors of different models were to be compared."""

    code = "model_mismatch"


class PermissionDenied(UsageError):
    """The actor may not do this."""

    code = "permission_denied"


class StoreError(EarmarkError):
    """The store cannot be used."""

    code = "store_error"


class StoreUnreadable(StoreError):
    """The store is not a database, or is damaged."""

    code = "store_unreadable"


class StoreAway(StoreUnreadable):
    """The server of the store is being started or stopped, or the connection to it broke."""

    code = "store_away"


class StoreTooNew(StoreError):
    """A newer release of Earmark wrote the store."""

    code = "store_too_new"


class StoreBusy(StoreError):
    """Another process holds the store for too long."""

    code = "store_busy"


class MasterKeyMissing(StoreError):
    """The store has profiles, but their master key is gone."""

    code = "master_key_missing"


class SealBroken(StoreError):
    """A sealed record does not open: another key, or the record was changed."""

    code = "seal_broken"


class ServiceError(EarmarkError):
    """The service cannot answer now."""

    code = "service_error"


class ServiceBusy(ServiceError):
    """As much work is waiting as may wait; ask again after `retry_after` seconds."""

    code = "service_busy"

    def __init__(self, message: str, *, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class QueueFull(ServiceBusy):
    """As many jobs are unfinished as may be; ask again after `retry_after` seconds."""

    code = "queue_full"


class ServiceUnreachable(ServiceError):
    """No answer came: the service is down, or the address is wrong."""

    code = "service_unreachable"


class AddressInUse(ServiceError):
    """The service cannot listen on an address or port."""

    code = "address_in_use"
