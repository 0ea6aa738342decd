"""Section 9: sleeps. Days are seconds here."""

import datetime

import inngest
from inngest_client import inngest_client
from services import note


async def send_welcome(user_id: str) -> None:
    await note(user_id, "welcome")


async def send_tips(user_id: str) -> None:
    await note(user_id, "tips")


async def send_feature_highlight(user_id: str) -> None:
    await note(user_id, "feature")


@inngest_client.create_function(
    fn_id="onboarding/drip-campaign",
    trigger=inngest.TriggerEvent(event="user/signed-up"),
)
async def drip_campaign(ctx: inngest.Context):
    user_id = ctx.event.data["user_id"]

    await ctx.step.run("welcome-email", send_welcome, user_id)
    await ctx.step.sleep("wait-1-day", datetime.timedelta(seconds=1))
    await ctx.step.run("tips-email", send_tips, user_id)
    await ctx.step.sleep("wait-3-days", 2000)
    await ctx.step.run("feature-email", send_feature_highlight, user_id)

    return {"status": "completed", "emails_sent": 3}


@inngest_client.create_function(
    fn_id="onboarding/as-written",
    trigger=inngest.TriggerEvent(event="user/as-written"),
    retries=0,
)
async def as_written(ctx: inngest.Context):
    """The SDK takes milliseconds or a timedelta; the guide writes a text."""
    await ctx.step.sleep("wait-1-day", "1d")  # type: ignore[arg-type]
