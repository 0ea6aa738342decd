"""Section 8: several triggers, and schedules."""

import inngest
from inngest_client import inngest_client
from services import note


async def process_new_order(order_id: str) -> None:
    await note(order_id, "new")


async def process_order_update(order_id: str) -> None:
    await note(order_id, "update")


async def process_cancellation(order_id: str) -> None:
    await note(order_id, "cancel")


async def generate_daily_report() -> str:
    return "the report"


async def send_report_email() -> str:
    return "sent"


@inngest_client.create_function(
    fn_id="orders/handle-update",
    trigger=[
        inngest.TriggerEvent(event="order/placed"),
        inngest.TriggerEvent(event="order/updated"),
        inngest.TriggerEvent(event="order/cancelled"),
    ],
)
async def handle_order_event(ctx: inngest.Context):
    event_name = ctx.event.name
    order_id = ctx.event.data["order_id"]

    if event_name == "order/placed":
        await ctx.step.run("process-new", process_new_order, order_id)
    elif event_name == "order/updated":
        await ctx.step.run("process-update", process_order_update, order_id)
    elif event_name == "order/cancelled":
        await ctx.step.run("process-cancel", process_cancellation, order_id)


@inngest_client.create_function(
    fn_id="scheduled/daily-report",
    trigger=inngest.TriggerCron(cron="0 9 * * *"),
)
async def daily_report(ctx: inngest.Context):
    await ctx.step.run("generate-report", generate_daily_report)
    await ctx.step.run("send-report", send_report_email)


@inngest_client.create_function(
    fn_id="scheduled/every-second",
    trigger=inngest.TriggerCron(cron="* * * * * *"),
)
async def every_second(ctx: inngest.Context):
    report = await ctx.step.run("generate-report", generate_daily_report)
    await note("cron", "tick", {"name": ctx.event.name, "data": dict(ctx.event.data), "report": report})
