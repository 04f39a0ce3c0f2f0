"""What a person has been shown of the web interface, and has answered."""

from litestar.params import FromPath

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.users import commands
from flagkeeper.features.users.api.me import person
from flagkeeper.features.users.schemas import (
    AnsweredBody,
    AnsweredOut,
    NewAnsweredBody,
    SplashOut,
    shown_answered,
)
from flagkeeper.http import route
from flagkeeper.http.caller import Caller

TAG = "Admin UI"


@route.post(
    "/api/admin/splash/{splash_id:str}",
    permission=route.ANYBODY,
    scope=route.OWN,
    tag=TAG,
    operation="updateSplashSettings",
    summary="I have seen this splash screen",
)
async def see_splash(splash_id: FromPath[str], caller: Caller, units: Units) -> SplashOut:
    user_id = person(caller)
    await units.run(caller.actor, commands.see_splash, user_id, splash_id)
    return SplashOut(user_id=user_id, splash_id=splash_id)


@route.post(
    "/api/admin/feedback",
    permission=route.ANYBODY,
    scope=route.OWN,
    tag=TAG,
    operation="createFeedback",
    summary="I was asked for feedback",
)
async def create_answered(data: NewAnsweredBody, caller: Caller, units: Units) -> AnsweredOut:
    user_id = person(caller)
    kept = await units.run(caller.actor, commands.answer, user_id, data.feedback_id, never_show=data.never_show)
    return shown_answered(user_id, kept)


@route.put(
    "/api/admin/feedback/{feedback_id:str}",
    permission=route.ANYBODY,
    scope=route.OWN,
    tag=TAG,
    operation="updateFeedback",
    summary="I was asked for feedback, and gave some or do not want to be asked again",
)
async def update_answered(feedback_id: FromPath[str], data: AnsweredBody, caller: Caller, units: Units) -> AnsweredOut:
    user_id = person(caller)
    kept = await units.run(
        caller.actor, commands.answer, user_id, feedback_id, never_show=data.never_show, given_at=data.millis()
    )
    return shown_answered(user_id, kept)


@route.put(
    "/api/admin/email-subscription/{subscription:str}",
    permission=route.ANYBODY,
    scope=route.OWN,
    tag="Notifications",
    operation="subscribeEmailSubscription",
    summary="I want this kind of mail",
    status=202,
    errors=(404,),
)
async def subscribe(subscription: FromPath[str], caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.set_subscription, person(caller), subscription, wanted=True)


@route.delete(
    "/api/admin/email-subscription/{subscription:str}",
    permission=route.ANYBODY,
    scope=route.OWN,
    tag="Notifications",
    operation="unsubscribeEmailSubscription",
    summary="I no longer want this kind of mail",
    status=202,
    errors=(404,),
)
async def unsubscribe(subscription: FromPath[str], caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.set_subscription, person(caller), subscription, wanted=False)


ROUTES = [see_splash, create_answered, update_answered, subscribe, unsubscribe]
