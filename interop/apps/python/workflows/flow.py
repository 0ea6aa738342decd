"""Every rule of flow control that this SDK has. Each function notes what it saw; the tests read that."""

import asyncio
import datetime

import inngest
from inngest_client import inngest_client
from services import note

KEY = "event.data.key"
SECOND = datetime.timedelta(seconds=1)


async def seen(ctx: inngest.Context, what: str = "begins") -> None:
    await note(ctx.event.data["key"], what, [event.data["n"] for event in ctx.events])


@inngest_client.create_function(
    fn_id="flow-throttled",
    trigger=inngest.TriggerEvent(event="flow/throttled"),
    throttle=inngest.Throttle(limit=1, period=SECOND * 3, key=KEY),
)
async def throttled(ctx: inngest.Context):
    await seen(ctx)


@inngest_client.create_function(
    fn_id="flow-rate-limited",
    trigger=inngest.TriggerEvent(event="flow/rate-limited"),
    rate_limit=inngest.RateLimit(limit=2, period=SECOND * 60, key=KEY),
)
async def rate_limited(ctx: inngest.Context):
    await seen(ctx)


@inngest_client.create_function(
    fn_id="flow-debounced",
    trigger=inngest.TriggerEvent(event="flow/debounced"),
    debounce=inngest.Debounce(period=SECOND, timeout=SECOND * 60, key=KEY),
)
async def debounced(ctx: inngest.Context):
    await seen(ctx)


@inngest_client.create_function(
    fn_id="flow-batched",
    trigger=inngest.TriggerEvent(event="flow/batched"),
    batch_events=inngest.Batch(max_size=2, timeout=SECOND, key=KEY),
)
async def batched(ctx: inngest.Context):
    await seen(ctx)


@inngest_client.create_function(
    fn_id="flow-prioritised",
    trigger=inngest.TriggerEvent(event="flow/prioritised"),
    concurrency=[inngest.Concurrency(limit=1)],
    priority=inngest.Priority(run="event.data.ahead"),
)
async def prioritised(ctx: inngest.Context):
    await seen(ctx)
    await asyncio.sleep(0.3)


@inngest_client.create_function(
    fn_id="flow-skipping",
    trigger=inngest.TriggerEvent(event="flow/skipping"),
    singleton=inngest.Singleton(mode="skip", key=KEY),
)
async def skipping(ctx: inngest.Context):
    await seen(ctx)
    await asyncio.sleep(1)


@inngest_client.create_function(
    fn_id="flow-replacing",
    trigger=inngest.TriggerEvent(event="flow/replacing"),
    singleton=inngest.Singleton(mode="cancel", key=KEY),
)
async def replacing(ctx: inngest.Context):
    await seen(ctx)
    await ctx.step.sleep("last", SECOND)


@inngest_client.create_function(
    fn_id="flow-once",
    trigger=inngest.TriggerEvent(event="flow/once"),
    idempotency=KEY,
)
async def once(ctx: inngest.Context):
    await seen(ctx)


@inngest_client.create_function(
    fn_id="flow-impatient",
    trigger=inngest.TriggerEvent(event="flow/impatient"),
    concurrency=[inngest.Concurrency(limit=1, key="'impatient'", scope="account")],
    timeouts=inngest.Timeouts(start=SECOND),
)
async def impatient(ctx: inngest.Context):
    await seen(ctx)
    await asyncio.sleep(2)


functions = [
    throttled,
    rate_limited,
    debounced,
    batched,
    prioritised,
    skipping,
    replacing,
    once,
    impatient,
]
