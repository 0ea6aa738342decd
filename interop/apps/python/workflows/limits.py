"""Section 6: limits of concurrency, in the three forms of the guide."""

import asyncio

import inngest
from inngest_client import inngest_client
from services import note


@inngest_client.create_function(
    fn_id="api/process-order",
    trigger=inngest.TriggerEvent(event="order/placed"),
    concurrency=[inngest.Concurrency(limit=10)],
)
async def process_order(ctx: inngest.Context):
    return "processed"


@inngest_client.create_function(
    fn_id="api/user-action",
    trigger=inngest.TriggerEvent(event="user/action"),
    concurrency=[inngest.Concurrency(limit=3, key="event.data.user_id")],
)
async def handle_user_action(ctx: inngest.Context):
    if ctx.event.data.get("notes"):
        user_id = str(ctx.event.data["user_id"])
        await note(user_id, "begins")
        await asyncio.sleep(0.4)
        await note(user_id, "ends")
    return "handled"


@inngest_client.create_function(
    fn_id="api/send-notification",
    trigger=inngest.TriggerEvent(event="notification/send"),
    concurrency=[
        inngest.Concurrency(limit=100),
        inngest.Concurrency(limit=5, key="event.data.user_id"),
    ],
)
async def send_notification(ctx: inngest.Context):
    return "notified"
