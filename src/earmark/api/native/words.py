"""/v1/phrases, /v1/challenges and the lock of a profile: what people are asked to say, and how often."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from earmark.api.access import Caller
from earmark.api.door import InDoor
from earmark.api.native import words_convert as convert
from earmark.api.native import words_wire as wire
from earmark.api.native.documents import json_body
from earmark.api.native.requests import read_json
from earmark.service import challenges, phrases

Locale = Annotated[str, Query(max_length=35, examples=["en-US"])]


def add_to(router: APIRouter) -> None:
    """Register the routes."""
    router.add_api_route("/phrases", list_phrases, methods=["GET"], summary="What may people be asked?")
    router.add_api_route(
        "/phrases",
        add_passphrase,
        methods=["POST"],
        status_code=201,
        response_model=wire.PhraseKept,
        summary="Let people choose a passphrase of your own",
        openapi_extra=json_body(wire.PhraseRequest),
    )
    router.add_api_route(
        "/phrases",
        remove_passphrase,
        methods=["DELETE"],
        status_code=204,
        response_class=Response,
        summary="Offer a passphrase of your own no more",
    )
    router.add_api_route(
        "/phrases/examine",
        examine_phrase,
        methods=["POST"],
        response_model=wire.PhraseExamined,
        summary="Would this make a passphrase?",
        openapi_extra=json_body(wire.PhraseRequest),
    )
    router.add_api_route(
        "/challenges",
        create_challenge,
        methods=["POST"],
        status_code=201,
        response_model=wire.Challenge,
        summary="Ask a person for random digits or words, once",
        openapi_extra=json_body(wire.NewChallenge),
    )
    router.add_api_route(
        "/profiles/{profile_id}/lock", show_lock, methods=["GET"], summary="How many attempts have failed?"
    )
    router.add_api_route(
        "/profiles/{profile_id}/lock",
        unlock_profile,
        methods=["DELETE"],
        status_code=204,
        response_class=Response,
        summary="Forget the attempts that failed",
    )


async def list_phrases(door: InDoor, actor: Caller, locale: Locale) -> wire.Phrases:
    """List the passphrases, the tenant's own too, and the activation phrases of a locale."""
    return convert.to_phrases(await door.pool.run(phrases.show_phrases, actor, door.store, locale))


async def add_passphrase(request: Request, door: InDoor, actor: Caller) -> Response:
    """Add a passphrase that is long enough and unlike the others; one that is there already is fine."""
    asked = await read_json(request, wire.PhraseRequest)
    kept = await door.pool.run(phrases.add_passphrase, actor, door.store, asked.phrase, locale=asked.locale)
    return JSONResponse(wire.PhraseKept(phrase=kept, locale=asked.locale).model_dump(), 201)


async def remove_passphrase(
    door: InDoor,
    actor: Caller,
    phrase: Annotated[str, Query(min_length=1, max_length=200)],
    locale: Locale = "en-US",
) -> Response:
    """Remove a passphrase of the tenant's own; profiles that have it keep it."""
    await door.pool.run(phrases.remove_passphrase, actor, door.store, phrase, locale=locale)
    return Response(status_code=204)


async def examine_phrase(request: Request, door: InDoor, actor: Caller) -> wire.PhraseExamined:
    """Say whether a phrase can be checked well and told from the others; nothing is stored."""
    asked = await read_json(request, wire.PhraseRequest)
    found = await door.pool.run(phrases.examine_phrase, actor, door.store, asked.phrase, locale=asked.locale)
    return convert.to_examined(found)


async def create_challenge(request: Request, door: InDoor, actor: Caller) -> Response:
    """Make a challenge for one profile. Its recording is to say these words and nothing else, in time."""
    asked = await read_json(request, wire.NewChallenge)
    made = await door.pool.run(
        challenges.create_challenge,
        actor,
        door.store,
        asked.profile,
        kind=challenges.ChallengeKind(asked.kind),
        length=asked.length,
        seconds=asked.seconds,
    )
    return JSONResponse(convert.to_challenge(made).model_dump(mode="json"), 201)


async def show_lock(profile_id: UUID, door: InDoor, actor: Caller) -> wire.Lock:
    """Show how many attempts have failed in a row, and until when the profile is locked."""
    return convert.to_lock(await door.pool.run(challenges.show_lock, actor, door.store, profile_id))


async def unlock_profile(profile_id: UUID, door: InDoor, actor: Caller) -> Response:
    """Unlock a profile, and begin the count of its failed attempts anew."""
    await door.pool.run(challenges.unlock_profile, actor, door.store, profile_id)
    return Response(status_code=204)
